/** Reading a JSON body: bounded bytes, then the one door for JSON. */
import type { IncomingMessage } from 'node:http'
import type { FastifyContentTypeParser } from 'fastify'
import { problem, problemOf } from '../../api/problems.ts'
import { isJsonObject } from '../../run/json.ts'
import { parseJson } from '../../run/parse-json.ts'
import { problemError } from '../response/problem-error.ts'

/** Takes an object of at most `limit` bytes; no bytes at all are no body. */
export const jsonBody =
  (limit: number): FastifyContentTypeParser =>
  (request, payload, done) => {
    const encoded = encodingProblem(request.raw)
    if (encoded !== null) return done(problemError(encoded))
    readBytes(payload, limit, (outcome) => {
      if (outcome === 'too-large') return done(problemError(problemOf({ _tag: 'BodyTooLarge', limit })))
      if (outcome === 'broken-off')
        return done(problemError(problem('malformed-request', 'the body ended before its time')))
      if (outcome.length === 0) return done(null, undefined)
      const json = parseJson(outcome)
      if (json._tag === 'Left') return done(problemError(problemOf(json.left)))
      if (isJsonObject(json.right)) return done(null, json.right)
      done(problemError(problemOf({ _tag: 'Invalid', errors: [{ pointer: '', detail: 'must be an object' }] })))
    })
  }

/** The problem of a compressed body, null where it is not. */
export const encodingProblem = ({ headers }: IncomingMessage) => {
  const encoding = headers['content-encoding']
  return encoding === undefined || encoding === 'identity'
    ? null
    : problem('unsupported-media-type', 'send the body without Content-Encoding')
}

type Outcome = Buffer | 'too-large' | 'broken-off'

const readBytes = (source: IncomingMessage, limit: number, finish: (outcome: Outcome) => void): void => {
  const parts: Buffer[] = []
  let length = 0
  let finished = false
  const finishOnce = (outcome: Outcome) => {
    if (finished) return
    finished = true
    finish(outcome)
  }
  const onData = (part: Buffer) => {
    length += part.length
    if (length <= limit) parts.push(part)
    // What comes further is read and forgotten: a connection cut while the client still sends would lose it the answer.
    else {
      parts.length = 0
      finishOnce('too-large')
    }
  }
  const onEnd = () => finishOnce(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
  source
    .on('data', onData)
    .on('end', onEnd)
    .on('error', () => finishOnce('broken-off'))
}
