/** `POST /commands`: one command on each line of the request, one answer on each line of the response, both streamed. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { rights } from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { LineAnswer } from '../../api/answers.ts'
import { commandOfLine, type LineContext } from '../../api/command-line.ts'
import { type Problem, problemOf } from '../../api/problems.ts'
import type { RunCommand } from '../../run/commands.ts'
import { commandIdOfRequestLine } from '../../run/ids.ts'
import { parseJson } from '../../run/parse-json.ts'
import type { Line } from '../../transfer/line-splitter.ts'
import { countRows } from '../door/access-notes.ts'
import { TOO_MANY_REQUESTS } from '../door/rate-limits.ts'
import { documented } from '../open-api/documented.ts'
import { actorProblem, principalOf, recorderOf, UNAUTHENTICATED } from '../request/authorization.ts'
import { CreateHeaders } from '../request/headers.ts'
import { encodingProblem } from '../request/json-body.ts'
import { LATE, lineArrivals, tooManyBytes } from '../request/line-arrivals.ts'
import { correlationIdOf } from '../request/request-log.ts'
import { NDJSON_TYPE, produces } from '../response/content-negotiation.ts'
import { type LineWriter, lineWriter, needsChunks } from '../response/line-writer.ts'
import { problemError } from '../response/problem-error.ts'
import { refuse } from '../response/problem-response.ts'
import { seenFrom } from '../response/public-path.ts'
import type { App, ServerParts } from '../server-parts.ts'

/** To be added in a scope of its own: no other route takes lines, and this one takes nothing else. */
export const batchRoute = (app: App, parts: ServerParts): void => {
  const { limits, now } = parts
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(NDJSON_TYPES, (request, body, done) => {
    const encoded = encodingProblem(request.raw)
    if (encoded !== null) return done(problemError(encoded))
    done(null, body)
  })
  app.post(
    '/commands',
    {
      schema: { ...DOCUMENTED, headers: CreateHeaders },
      onRequest: produces(NDJSON_TYPE),
      config: { rateLimit: false },
    },
    async (request, reply) => {
      const tooOld = needsChunks(request)
      if (tooOld !== null) {
        request.raw.resume()
        return refuse(reply, tooOld)
      }
      if (Number(request.raw.headers['content-length'] ?? 0) > limits.batchBytes) {
        // The rest is read and dropped: a client whose connection is closed while it still sends would lose the answer.
        request.raw.resume()
        return refuse(reply, tooManyBytes(limits))
      }
      const { headers } = request
      const key = headers['idempotency-key']
      const { actor, recorded_by } = recorderOf(request)
      const defaultActor = headers['run-ledger-actor'] ?? actor
      const refused = await answerBatch(parts, request, reply, (line) => ({
        recorded_by,
        received_at: now(),
        defaultCommandId: () => (key === undefined ? null : commandIdOfRequestLine(key, line)),
        defaultActor,
        correlation_id: correlationIdOf(request),
        traceparent: headers.traceparent,
      }))
      return refused === null ? undefined : refuse(reply, refused)
    },
  )
}

const NDJSON_TYPES = [NDJSON_TYPE, 'application/ndjson', 'application/jsonl']

type ContextOf = (line: number) => LineContext

/**
 * Executes and answers the lines that have arrived, then reads more. A client that waits for answers gets them; a client that
 * does not read its answers is not read from. Returns the problem of a request of which no line was answered, else null.
 */
const answerBatch = async (
  parts: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  contextOf: ContextOf,
): Promise<Problem | null> => {
  const writer = lineWriter(parts.bodies.budget, reply, NDJSON_TYPE)
  let last = 0
  let isRevoked = false
  const unwatch = parts.access?.watch(principalOf(request), () => {
    isRevoked = true
  })
  try {
    for await (const { lines, refused, ended } of lineArrivals(parts.bodies, request, parts.limits)) {
      if (isRevoked) return refuseRest(request, reply, writer, last + 1, UNAUTHENTICATED)
      const admitted = await parts.rateLimits.admitLines(request, reply, lines.length)
      const now = lines.slice(0, admitted)
      if (now.length > 0) await parts.batchTurn()
      if (now.length > 0) await writer.write(await executed(parts, request, reply, now, contextOf))
      last = now.at(-1)?.number ?? last
      countRows(reply, now.length)
      if (writer.isGone()) break
      if (admitted < lines.length) return refuseRest(request, reply, writer, last + 1, TOO_MANY_REQUESTS)
      if (refused !== null) return refuseRest(request, reply, writer, last + 1, refused)
      if (ended) {
        writer.end('keep')
        return null
      }
    }
    writer.cut()
  } catch (error) {
    if (!writer.hasBegun()) throw error
    parts.logger.error({ err: error, request_id: request.id }, 'a batch broke off')
    writer.cut()
  } finally {
    unwatch?.()
  }
  return null
}

/** Ends the answer before the request's end, with a last line that says why. */
const refuseRest = async (
  request: FastifyRequest,
  reply: FastifyReply,
  writer: LineWriter,
  line: number,
  refused: Problem,
): Promise<Problem | null> => {
  const after = refused === LATE ? 'close' : 'keep'
  if (after === 'close') reply.header('connection', 'close')
  // The rest is read and dropped: a client whose connection is closed while it still sends would lose the answer.
  else request.raw.resume()
  if (!writer.hasBegun()) return refused
  await writer.write(refusedLine(line, seenFrom(reply, refused)))
  writer.end(after)
  return null
}

/** The command of a line, or why the line is refused. */
type Prepared = Readonly<{ number: number; command: E.Either<Problem, RunCommand> }>

/** The answers to `lines`, in their order. */
const executed = async (
  { ledger, limits }: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  lines: readonly Line[],
  contextOf: ContextOf,
): Promise<string> => {
  const prepared = lines.map(
    (line): Prepared => ({
      number: line.number,
      command: commandOf(line, limits.bodyBytes, contextOf, (actor) => actorProblem(request, actor)),
    }),
  )
  const outcomes = (await ledger.executeBatch(rights(prepared.map(({ command }) => command)))).values()
  return prepared
    .map(({ number, command }) =>
      pipe(
        command._tag === 'Left' ? command : pipe(nextOf(outcomes), E.mapLeft(problemOf)),
        E.match(
          (problem) => refusedLine(number, seenFrom(reply, problem)),
          (recorded) => acceptedLine(number, recorded),
        ),
      ),
    )
    .join('')
}

const nextOf = <Outcome>(outcomes: Iterator<Outcome, undefined>): Outcome => {
  const { value } = outcomes.next()
  if (value === undefined) throw new Error('a command without an outcome')
  return value
}

// By hand: it runs for each line of a batch, and `flatMap` copies its arguments at each call, a twentieth of a busy server's time.
const commandOf = (
  { bytes, number }: Line,
  limit: number,
  contextOf: ContextOf,
  problemOfActor: (actor: string) => Problem | null,
): Prepared['command'] => {
  if (bytes === null) return E.left(problemOf({ _tag: 'BodyTooLarge', limit }))
  const json = parseJson(bytes)
  if (json._tag === 'Left') return E.left(problemOf(json.left))
  const command = commandOfLine(json.right, contextOf(number))
  if (command._tag === 'Left') return E.left(problemOf({ _tag: 'Invalid', errors: command.left }))
  const refused = problemOfActor(command.right.actor)
  return refused === null ? command : E.left(refused)
}

const acceptedLine = (line: number, { run_id, revision, repeated }: LineRecorded): string =>
  `{"line":${line},"ok":true,"repeated":${repeated},"run_id":"${run_id}","revision":${revision}}\n`

type LineRecorded = Readonly<{ run_id: string; revision: number; repeated: boolean }>

const refusedLine = (line: number, problem: Problem): string =>
  `{"line":${line},"ok":false,"problem":${JSON.stringify(problem)}}\n`

const DOCUMENTED = documented({
  operationId: 'executeCommands',
  permission: 'writer',
  summary: 'Many commands, in order, one on each line',
  description:
    'NDJSON in both directions: at most 10,000 lines and 64 MiB, each line at most 1 MiB. Each line is answered in order, as soon as it is executed. A bad line does not affect the others. Blank lines are skipped. With an `Idempotency-Key`, a line without `command_id` gets one derived from the key and the line number. If the request is too long or stops arriving, a last line returns that problem: the lines answered before it are executed, the rest are not.',
  tag: 'commands',
  answers: { 200: { description: 'One answer for each line', schema: LineAnswer, type: NDJSON_TYPE } },
  problems: ['body-too-large', 'unsupported-media-type', 'too-many-requests'],
})
