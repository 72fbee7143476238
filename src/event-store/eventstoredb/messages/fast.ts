/** The messages by hand: the way in to this folder. */
import { appendReplyOf } from './append-reply.ts'
import { appendRequest } from './append-request.ts'
import type { Messages } from './messages.ts'
import { readAnswerOf, readAnswerWithBytesOf } from './read-answer.ts'

export const fast: Messages = { appendRequest, appendReplyOf, readAnswerOf, readAnswerWithBytesOf }
