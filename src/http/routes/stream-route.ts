/** `GET /stream`: the audit trail as server-sent events (HTML standard, section 9.2), live. */
import type { FastifyRequest } from 'fastify'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { z } from 'zod'
import { PositionText } from '../../api/answers.ts'
import { EntryAnswer } from '../../api/entries.ts'
import { type Fault, type Problem, problem, problemOf } from '../../api/problems.ts'
import { StreamQuery } from '../../api/stream-query.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import { type EntryBatch, followEntries, sharedByTurn } from '../../read-model/queries/follow-entries.ts'
import type { StoredEntry } from '../../read-model/read-model.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { streamAnswer } from '../response/answer-stream.ts'
import { notReached } from '../response/positions.ts'
import { MADE_AT } from '../response/reads.ts'
import { POSITION, produces, refuse } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const streamRoute = (app: App, parts: ServerParts): void => {
  const { readModel, limits } = parts
  const source = sharedByTurn(readModel)
  const stop = new AbortController()
  // Its answer has no end of its own: a server that stops would wait for it.
  app.addHook('preClose', async () => stop.abort())
  let open = 0
  app.get(
    '/stream',
    { schema: { ...DOCUMENTED, querystring: StreamQuery, headers: StreamHeaders }, onRequest: produces(TYPE) },
    async (request, reply) => {
      const { from: asked, ...filters } = request.query
      const lastId = request.headers['last-event-id']
      if (open >= limits.eventStreams) return refuse(reply, TOO_MANY)
      const gone = new AbortController()
      open += 1
      reply.raw.once('close', () => {
        open -= 1
        gone.abort()
      })
      const from = await beginningOf(parts, request, asked, lastId)
      if (from._tag === 'Left') return refuse(reply, from.left)
      const late = await notReached(parts, request.headers['run-ledger-position'])
      if (late !== null) return refuse(reply, late)
      // Proxies that gather what they pass on would keep events back.
      reply.header(POSITION, from.right).header('x-accel-buffering', 'no')
      const signal = AbortSignal.any([gone.signal, stop.signal])
      const batches = followEntries(source, filters, {
        from: from.right,
        signal,
        idle: limits.heartbeat,
        catchUpTurn: (position) => parts.catchUpTurn(`${position} ${JSON.stringify(filters)}`),
      })
      return streamAnswer(parts, request, reply, TYPE, textsOf(batches, from.right, limits.heartbeat))
    },
  )
}

const TYPE = 'text/event-stream'

const StreamHeaders = ReadHeaders.extend({
  // The first event of a stream may clear the id (HTML standard, section 9.2.6): an empty one is none.
  'Last-Event-ID': z
    .preprocess((id) => (id === '' ? undefined : id), PositionText.optional())
    .meta({ description: 'The id of the last event that came: what comes after' }),
})

/** The position after which to begin. */
const beginningOf = async (
  { store, readModel }: ServerParts,
  request: FastifyRequest,
  asked: string,
  lastId: Position | undefined,
): Promise<Either<Problem, Position>> => {
  const from = lastId ?? asked
  if (from === 'start') return right(START)
  // The log may be ahead of the read model: what it holds by now is not to come.
  const at = await readModel.position()()
  if (at._tag === 'Right' && from !== 'head' && from <= at.right) return right(from)
  const head = await store.headPosition()()
  if (head._tag === 'Left') {
    note(request, { cause: head.left.detail })
    return left(problemOf({ _tag: 'LogUnavailable' }))
  }
  if (from === 'head') return right(head.right)
  return from <= head.right ? right(from) : left(beyondHead(lastId))
}

const beyondHead = (lastId: Position | undefined): Problem => {
  const detail = 'is beyond the end of the log: a position holds within the store that gave it'
  const fault: Fault = lastId === undefined ? { parameter: 'from', detail } : { header: 'Last-Event-ID', detail }
  return problemOf({ _tag: 'MalformedRequest', errors: [fault] })
}

/** The id moves at least every `heartbeat` ms, also where nothing matches: who comes back begins near the head. */
async function* textsOf(batches: AsyncIterable<EntryBatch>, from: Position, heartbeat: number): AsyncGenerator<string> {
  // With an id from the start nobody misses what comes while their first connection is broken.
  yield `retry: ${RETRY_MS}\nid: ${from}\n\n`
  let told = Date.now()
  for await (const { position, entries } of batches) {
    const now = Date.now()
    // A timer may come a little before its time.
    if (entries.length === 0 && now - told < heartbeat * 0.9) continue
    told = now
    yield entries.length === 0 ? `id: ${position}\n\n` : entries.map(eventOf).join('')
  }
}

const RETRY_MS = 2_000

// An Entry is one line. What other programs call their events may hold anything.
const eventOf = ({ position, type, text }: StoredEntry): string =>
  `id: ${position}\nevent: ${type.replaceAll(/[\r\n\0]/g, ' ')}\ndata: ${text}\n\n`

const TOO_MANY = problem('too-many-streams', 'as many streams are open as may be: close one, or try again later')

const DOCUMENTED = documented({
  operationId: 'streamEntries',
  summary: 'The audit trail, live, as server-sent events',
  description:
    'An event for each Entry that matches, in the order of the log: `id` is its position, `event` its type, `data` the Entry. Filters are those of `/audit`. Every 15 s without one an event of `id` alone tells how far the log was seen. Come back with `Last-Event-ID`, and nothing is missed and nothing comes twice.',
  tag: 'audit',
  answers: {
    200: { description: 'Events without an end', schema: EntryAnswer, type: TYPE, headers: MADE_AT },
  },
  problems: ['position-not-reached', 'too-many-streams'],
})
