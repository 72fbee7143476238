/** `POST /commands`: many commands in, one a line, and an answer a line out, both streamed. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Either, left } from 'fp-ts/lib/Either.js'
import { LineAnswer } from '../../api/answers.ts'
import { commandOfLine, type LineContext } from '../../api/command-line.ts'
import { type Problem, problemOf } from '../../api/problems.ts'
import type { RunCommand } from '../../run/commands.ts'
import { commandIdOfRequestLine } from '../../run/ids.ts'
import { parseJson } from '../../run/parse-json.ts'
import type { Line } from '../../transfer/line-splitter.ts'
import { documented } from '../open-api/documented.ts'
import { CreateHeaders } from '../request/headers.ts'
import { encodingProblem } from '../request/json-body.ts'
import { LATE, lineArrivals, tooManyBytes } from '../request/line-arrivals.ts'
import { correlationIdOf } from '../request/request-log.ts'
import { type LineWriter, lineWriter } from '../response/line-writer.ts'
import { problemError } from '../response/problem-error.ts'
import { seenFrom } from '../response/public-path.ts'
import { NDJSON_TYPE, needsChunks, produces, refuse } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { ANONYMOUS, RECORDED_BY } from './command-routes.ts'

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
    { schema: { ...DOCUMENTED, headers: CreateHeaders }, onRequest: produces(NDJSON_TYPE) },
    async (request, reply) => {
      const tooOld = needsChunks(request)
      if (tooOld !== null) {
        request.raw.resume()
        return refuse(reply, tooOld)
      }
      if (Number(request.raw.headers['content-length'] ?? 0) > limits.batchBytes) {
        // Read on and forget: a connection cut while the client still sends would lose it the answer.
        request.raw.resume()
        return refuse(reply, tooManyBytes(limits))
      }
      const { headers } = request
      const key = headers['idempotency-key']
      const refused = await answerBatch(parts, request, reply, (line) => ({
        recorded_by: RECORDED_BY,
        received_at: now(),
        defaultCommandId: () => (key === undefined ? null : commandIdOfRequestLine(key, line)),
        defaultActor: headers['run-ledger-actor'] ?? ANONYMOUS,
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
 * Takes what lines have arrived, executes and answers them, then looks for more: a client that waits for answers gets
 * them, and one that does not read them is not read from. Returns why, where nothing was answered.
 */
const answerBatch = async (
  parts: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  contextOf: ContextOf,
): Promise<Problem | null> => {
  const writer = lineWriter(parts.bodies.budget, reply, NDJSON_TYPE)
  let last = 0
  try {
    for await (const { lines, refused, ended } of lineArrivals(parts.bodies, request, parts.limits)) {
      if (lines.length > 0) await parts.batchTurn()
      if (lines.length > 0) await writer.write(await executed(parts, reply, lines, contextOf))
      last = lines.at(-1)?.number ?? last
      if (writer.isGone()) break
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
  // Read on and forget: a connection cut while the client still sends would lose it the answer.
  else request.raw.resume()
  if (!writer.hasBegun()) return refused
  await writer.write(refusedLine(line, seenFrom(reply, refused)))
  writer.end(after)
  return null
}

/** A line that is to be executed, or why it is not. */
type Prepared = Readonly<{ number: number; command: Either<Problem, RunCommand> }>

/** The answers to `lines`, in their order. */
const executed = async (
  { ledger, limits }: ServerParts,
  reply: FastifyReply,
  lines: readonly Line[],
  contextOf: ContextOf,
): Promise<string> => {
  const prepared = lines.map(
    (line): Prepared => ({
      number: line.number,
      command: commandOf(line, limits.bodyBytes, contextOf),
    }),
  )
  const commands = prepared.flatMap(({ command }) => (command._tag === 'Right' ? [command.right] : []))
  const answers = (await ledger.executeBatch(commands)).values()
  let text = ''
  for (const { number, command } of prepared) {
    if (command._tag === 'Left') {
      text += refusedLine(number, seenFrom(reply, command.left))
      continue
    }
    const answer = answers.next().value
    if (answer === undefined) throw new Error('a command without an answer')
    if (answer._tag === 'Left') text += refusedLine(number, seenFrom(reply, problemOf(answer.left)))
    else {
      const { run_id, revision, repeated } = answer.right
      text += `{"line":${number},"ok":true,"repeated":${repeated},"run_id":"${run_id}","revision":${revision}}\n`
    }
  }
  return text
}

const commandOf = ({ bytes, number }: Line, limit: number, contextOf: ContextOf): Prepared['command'] => {
  if (bytes === null) return left(problemOf({ _tag: 'BodyTooLarge', limit }))
  const json = parseJson(bytes)
  if (json._tag === 'Left') return left(problemOf(json.left))
  const command = commandOfLine(json.right, contextOf(number))
  return command._tag === 'Left' ? left(problemOf({ _tag: 'Invalid', errors: command.left })) : command
}

const refusedLine = (line: number, problem: Problem): string =>
  `{"line":${line},"ok":false,"problem":${JSON.stringify(problem)}}\n`

const DOCUMENTED = documented({
  operationId: 'executeCommands',
  summary: 'Many commands, in order, one a line',
  description:
    'NDJSON in and out, at most 10,000 lines and 64 MiB, a line at most 1 MiB. Lines are answered in their order, as they are done; one bad line harms no other. Blank lines are skipped. With an `Idempotency-Key`, a line without `command_id` gets one made of the key and its number. Where a request is longer than is taken, or stops arriving, a last line says so: what was answered before is done, the rest is not.',
  tag: 'commands',
  answers: { 200: { description: 'An answer a line', schema: LineAnswer, type: NDJSON_TYPE } },
  problems: ['body-too-large', 'unsupported-media-type'],
})
