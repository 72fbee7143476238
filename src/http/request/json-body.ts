/** Reading a JSON body: bounded bytes, then the one parser of JSON. */
import type { IncomingMessage } from 'node:http'
import type { FastifyContentTypeParser } from 'fastify'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type Problem, problem, problemOf } from '../../api/problems.ts'
import { isJsonObject, type JsonObject } from '../../run/json.ts'
import { parseJson } from '../../run/parse-json.ts'
import { problemError } from '../response/problem-error.ts'
import { type Body, type BodyReading, readBody } from './body-bytes.ts'

/** Parses an object of at most `limit` bytes. An empty body counts as absent. */
export const jsonBody =
  (reading: BodyReading, limit: number): FastifyContentTypeParser =>
  (request, payload, done) => {
    const encoded = encodingProblem(request.raw)
    if (encoded !== null) return done(problemError(encoded))
    readBody(reading, request, payload, limit).then((body) => {
      pipe(
        objectIn(body, limit),
        E.match(
          (refused) => done(problemError(refused)),
          (json) => done(null, json),
        ),
      )
    }, done)
  }

/** For other media types: accepts only an empty body. */
export const noBody =
  (reading: BodyReading): FastifyContentTypeParser =>
  (request, payload, done) => {
    readBody(reading, request, payload, 0).then((body) => {
      if (Buffer.isBuffer(body)) done(null, undefined)
      else done(problemError(body === 'too-large' ? NOT_TAKEN : (refusalOf(body, 0) as Problem)))
    }, done)
  }

export const NOT_TAKEN = problem(
  'unsupported-media-type',
  'the Content-Type is missing, or not one that this route accepts',
)

/** The problem of a compressed body, null where it is not. */
export const encodingProblem = ({ headers }: IncomingMessage): Problem | null => {
  const encoding = headers['content-encoding']
  return encoding === undefined || encoding === 'identity'
    ? null
    : problem('unsupported-media-type', 'send the body without Content-Encoding')
}

/** The server holds as many bytes of requests as it may. */
export const TOO_MUCH_UNDER_WAY = problem(
  'store-unavailable',
  'the most bytes of requests that may be under way at once are; nothing was done',
)

const refusalOf = (body: Exclude<Body, Buffer>, limit: number): Problem => {
  switch (body) {
    case 'too-large':
      return problemOf({ _tag: 'BodyTooLarge', limit })
    case 'too-much-under-way':
      return TOO_MUCH_UNDER_WAY
    case 'broken-off':
      return problem('malformed-request', 'the body ended before its declared length')
    default:
      return body satisfies never
  }
}

const objectIn = (body: Body, limit: number): E.Either<Problem, JsonObject | undefined> => {
  if (!Buffer.isBuffer(body)) return E.left(refusalOf(body, limit))
  if (body.length === 0) return E.right(undefined)
  return pipe(
    parseJson(withoutMark(body)),
    E.mapLeft(problemOf),
    E.filterOrElse(isJsonObject, () => NOT_AN_OBJECT),
  )
}

const NOT_AN_OBJECT = problemOf({ _tag: 'Invalid', errors: [{ pointer: '', detail: 'must be an object' }] })

/** Without the byte order mark that some programs put first (RFC 8259, section 8.1). */
const withoutMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
