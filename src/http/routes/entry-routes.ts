/** `GET /runs/{run_id}/events` and `GET /runs/{run_id}/replay`: what happened to a run, and what each event made of it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import type { Task } from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type CursorKey, type CursorQuery, cursorOf, EntryCursorKey, RevisionCursorKey } from '../../api/cursors.ts'
import { EntryPageAnswer } from '../../api/entries.ts'
import { PageQuery } from '../../api/query-parts.ts'
import { ReplayAnswer } from '../../api/run-views.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryKey, EntryPage } from '../../read-model/read-model.ts'
import { countRows } from '../door/access-notes.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { POSITION_HEADER, reached } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { refuse, refuseFor, respond } from '../response/problem-response.ts'
import { keyOf, NO_SUCH_RUN, readRefusal, unreadable } from '../response/read-problems.ts'
import { NO_CACHE, POSITION } from '../response/response-headers.ts'
import { sendTogether } from '../response/send-together.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { RunPath } from './command-routes.ts'

export const entryRoutes = (app: App, parts: ServerParts): void => {
  const { readModel } = parts

  // One `match` over each read and no chain of steps: each step would be one more promise on a busy route.
  const trailPage: ReadPage<EntryKey> = (request, reply, after) =>
    pipe(
      readModel.listTrail(request.params.run_id, { after, limit: request.query.limit }),
      TE.match(
        (failure) => refuseFor(reply)(readRefusal(failure)),
        ({ position, text, next }) => {
          reply.header(POSITION, position)
          if (text === '' && next === null && after === undefined) return refuse(reply, NO_SUCH_RUN)
          return pageOf(reply, text, next === null ? null : cursorOf(trailOf(request), next))
        },
      ),
    )

  const replayPage: ReadPage<Readonly<{ revision: number }>> = (request, reply, after) =>
    pipe(
      readModel.listSteps(request.params.run_id, {
        from: after === undefined ? 0 : after.revision + 1,
        limit: request.query.limit,
      }),
      TE.match(
        (failure) => refuseFor(reply)(readRefusal(failure)),
        ({ position, exists, text, next, quarantine }) => {
          reply.header(POSITION, position)
          if (quarantine !== null) return refuse(reply, unreadable(quarantine))
          if (!exists) return refuse(reply, NO_SUCH_RUN)
          return pageOf(reply, text, next === null ? null : cursorOf(replayOf(request), { revision: next - 1 }))
        },
      ),
    )

  const respondWith =
    <Key>(isKey: CursorKey<Key>, walkOf: (request: PageRequest) => CursorQuery, read: ReadPage<Key>) =>
    (request: PageRequest, reply: FastifyReply): Promise<string> => {
      const { params, query, headers } = request
      note(request, { run_id: params.run_id })
      const position = headers['run-ledger-position']
      if (query.cursor === undefined && position === undefined) return sendTogether(read(request, reply, undefined)())
      return sendTogether(
        respond(
          reply,
          pipe(
            TE.fromEither(keyOf(isKey, walkOf(request), query.cursor)),
            TE.tap(() => reached(parts, position)),
            TE.flatMapTask((after) => read(request, reply, after)),
          ),
        ),
      )
    }

  const schema = { params: RunPath, querystring: PageQuery, headers: ReadHeaders }
  const onRequest = produces(JSON_TYPE)
  app.get(
    '/runs/:run_id/events',
    { schema: { ...EVENTS, ...schema }, onRequest, config: { isExport: true } },
    respondWith(EntryCursorKey, trailOf, trailPage),
  )
  app.get(
    '/runs/:run_id/replay',
    { schema: { ...REPLAY, ...schema }, onRequest },
    respondWith(RevisionCursorKey, replayOf, replayPage),
  )
}

const trailOf = ({ params }: PageRequest): CursorQuery => ({ events: params.run_id })
const replayOf = ({ params }: PageRequest): CursorQuery => ({ replay: params.run_id })

type PageRequest = FastifyRequest &
  Readonly<{
    params: Readonly<{ run_id: string }>
    query: PageQuery
    headers: Readonly<{ 'run-ledger-position'?: Position | undefined }>
  }>

/** The body of one page, from `after` on. */
type ReadPage<Key> = (request: PageRequest, reply: FastifyReply, after: Key | undefined) => Task<string>

/** A page of Entries as JSON; its cursor belongs to `walk`. */
export const entryPage = (reply: FastifyReply, { entries, next, position }: EntryPage, walk: CursorQuery): string => {
  reply.header(POSITION, position)
  countRows(reply, entries.length)
  return pageOf(reply, entries.map(({ text }) => text).join(','), next === null ? null : cursorOf(walk, next))
}

const pageOf = (reply: FastifyReply, data: string, next_cursor: string | null): string => {
  typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
  return `{"data":[${data}],"next_cursor":${next_cursor === null ? 'null' : `"${next_cursor}"`}}`
}

const EVENTS = documented({
  operationId: 'listRunEvents',
  permission: 'reader',
  summary: 'The audit trail of a run, oldest first',
  description: 'An event that cannot be read has an Entry with `changes: null`.',
  tag: 'audit',
  answers: { 200: { description: 'One page', schema: EntryPageAnswer, headers: POSITION_HEADER } },
  problems: ['run-not-found', 'position-not-reached'],
})

const REPLAY = documented({
  operationId: 'replayRun',
  permission: 'reader',
  summary: 'A run step by step: each event, and the Run after it',
  tag: 'audit',
  answers: { 200: { description: 'One page, oldest first', schema: ReplayAnswer, headers: POSITION_HEADER } },
  problems: ['run-not-found', 'run-deleted', 'run-unreadable', 'position-not-reached'],
})
