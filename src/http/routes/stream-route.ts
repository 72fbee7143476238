/** `GET /stream`: the live audit trail as server-sent events (HTML standard, section 9.2). */
import type { FastifyReply } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { PositionText } from '../../api/answers.ts'
import { EntryAnswer } from '../../api/entries.ts'
import { type Fault, problem, problemOf } from '../../api/problems.ts'
import { StreamQuery } from '../../api/stream-query.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import { type EntryBatch, followEntries, sharedByTurn } from '../../read-model/queries/follow-entries.ts'
import type { StoredEntry } from '../../read-model/read-model.ts'
import { countRows } from '../door/access-notes.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { streamAnswer } from '../response/answer-stream.ts'
import { POSITION_HEADER, reached } from '../response/await-position.ts'
import { produces } from '../response/content-negotiation.ts'
import { type Refusal, refuse, respond } from '../response/problem-response.ts'
import { logRefusal } from '../response/read-problems.ts'
import { POSITION } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const streamRoute = (app: App, parts: ServerParts): void => {
  const { readModel, limits, metrics } = parts
  const source = sharedByTurn(readModel)
  const stop = new AbortController()
  // A stream does not end by itself: a server that stops would wait for it.
  app.addHook('preClose', async () => stop.abort())
  let open = 0
  app.get(
    '/stream',
    {
      schema: { ...DOCUMENTED, querystring: StreamQuery, headers: StreamHeaders },
      onRequest: produces(TYPE),
      config: { isExport: true },
    },
    (request, reply) => {
      const { from: asked, ...filters } = request.query
      const lastId = request.headers['last-event-id']
      if (open >= limits.eventStreams) return refuse(reply, TOO_MANY)
      const gone = new AbortController()
      open += 1
      metrics?.streamClients.inc()
      reply.raw.once('close', () => {
        open -= 1
        metrics?.streamClients.dec()
        gone.abort()
      })
      const textsFrom = (from: Position): AsyncIterable<string> => {
        // A proxy that buffers answers would delay events.
        reply.header(POSITION, from).header('x-accel-buffering', 'no')
        const batches = followEntries(source, filters, {
          from,
          signal: AbortSignal.any([gone.signal, stop.signal]),
          idle: limits.heartbeat,
          catchUpTurn: (position) => parts.catchUpTurn(`${position} ${JSON.stringify(filters)}`),
        })
        return textsOf(counted(reply, batches), from, limits.heartbeat)
      }
      return respond<string | undefined>(
        reply,
        pipe(
          beginningOf(parts, asked, lastId),
          TE.tap(() => reached(parts, request.headers['run-ledger-position'])),
          TE.map(textsFrom),
          TE.flatMapTask((texts) => () => streamAnswer(parts, request, reply, TYPE, texts)),
        ),
      )
    },
  )
}

const TYPE = 'text/event-stream'

const StreamHeaders = ReadHeaders.extend({
  // The first event of a stream may clear the id (HTML standard, section 9.2.6), so an empty one counts as absent.
  'Last-Event-ID': z
    .preprocess((id) => (id === '' ? undefined : id), PositionText.optional())
    .meta({ description: 'The id of the last event that was received. The stream goes on after it' }),
})

/** The position after which to begin. Refused where that is beyond the end of the log. */
const beginningOf = (
  { store, readModel }: ServerParts,
  asked: string,
  lastId: Position | undefined,
): TE.TaskEither<Refusal, Position> => {
  const from = lastId ?? asked
  if (from === 'start') return TE.right(START)
  const head = pipe(store.headPosition(), TE.mapLeft(logRefusal))
  // From the log, which may be ahead of the read model: the stream does not repeat what is in the log already.
  if (from === 'head') return head
  const isWithin = (end: Position) => from <= end
  return pipe(
    readModel.position(),
    TE.filterOrElseW(isWithin, () => null),
    TE.orElse(() =>
      pipe(
        head,
        TE.filterOrElse(isWithin, () => beyondHead(lastId)),
      ),
    ),
    TE.map(() => from),
  )
}

const beyondHead = (lastId: Position | undefined): Refusal => {
  const detail = 'is beyond the end of the log: a position holds within the store that gave it'
  const fault: Fault = lastId === undefined ? { parameter: 'from', detail } : { header: 'Last-Event-ID', detail }
  return { problem: problemOf({ _tag: 'MalformedRequest', errors: [fault] }) }
}

async function* counted(reply: FastifyReply, batches: AsyncIterable<EntryBatch>): AsyncGenerator<EntryBatch> {
  for await (const batch of batches) {
    countRows(reply, batch.entries.length)
    yield batch
  }
}

/** The id moves at least every `heartbeat` ms, also where nothing matches: a client that reconnects begins near the head. */
async function* textsOf(batches: AsyncIterable<EntryBatch>, from: Position, heartbeat: number): AsyncGenerator<string> {
  // The first id lets a client whose first connection breaks early go on from here.
  yield `retry: ${RETRY_MS}\nid: ${from}\n\n`
  let sent = Date.now()
  for await (const { position, entries } of batches) {
    const now = Date.now()
    // A timer may fire a little early.
    if (entries.length === 0 && now - sent < heartbeat * 0.9) continue
    sent = now
    yield entries.length === 0 ? `id: ${position}\n\n` : entries.map(eventOf).join('')
  }
}

const RETRY_MS = 2_000

// An Entry is one line. The event types of other programs may contain anything.
const eventOf = ({ position, type, text }: StoredEntry): string =>
  `id: ${position}\nevent: ${type.replaceAll(/[\r\n\0]/g, ' ')}\ndata: ${text}\n\n`

const TOO_MANY = problem(
  'too-many-streams',
  'the most streams that may be open at once are open: close one, or try again later',
)

const DOCUMENTED = documented({
  operationId: 'streamEntries',
  permission: 'reader',
  summary: 'The audit trail, live, as server-sent events',
  description:
    'One event for each matching Entry, in the order of the log: `id` is its position, `event` its type, `data` the Entry. The filters are those of `/audit`. After 15 s without an Entry, an event with only an `id` gives the position up to which the log was read. A client that reconnects with `Last-Event-ID` misses nothing and receives nothing twice.',
  tag: 'audit',
  answers: {
    200: { description: 'Events without an end', schema: EntryAnswer, type: TYPE, headers: POSITION_HEADER },
  },
  problems: ['position-not-reached', 'too-many-streams'],
})
