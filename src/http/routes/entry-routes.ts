/** `GET /runs/{run_id}/events` and `GET /runs/{run_id}/replay`: what happened to a run, and what each event made of it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type CursorQuery, cursorOf, EntryCursorKey, RevisionCursorKey } from '../../api/cursors.ts'
import { EntryPageAnswer } from '../../api/entries.ts'
import { PageQuery } from '../../api/query-parts.ts'
import { ReplayAnswer } from '../../api/run-views.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryPage, StepPage } from '../../read-model/read-model.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { POSITION_HEADER, reached, withPosition } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { type Refusal, respond } from '../response/problem-response.ts'
import { keyOf, NO_SUCH_RUN, readRefusal, unreadable } from '../response/read-problems.ts'
import { NO_CACHE, POSITION } from '../response/response-headers.ts'
import { sendTogether } from '../response/send-together.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { RunPath } from './command-routes.ts'

export const entryRoutes = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  const trailPage = ({ params: { run_id }, query, headers }: PageRequest, reply: FastifyReply) =>
    pipe(
      TE.fromEither(keyOf(EntryCursorKey, { events: run_id }, query.cursor)),
      TE.tap(() => reached(parts, headers['run-ledger-position'])),
      TE.flatMap((after) =>
        pipe(
          readModel.listEntries({ run_id: [run_id], sort: 'position', limit: query.limit, after }),
          TE.mapLeft(readRefusal),
          TE.map(withPosition(reply)),
          TE.filterOrElse(
            ({ entries, next }) => entries.length > 0 || next !== null || after !== undefined,
            (): Refusal => ({ problem: NO_SUCH_RUN }),
          ),
        ),
      ),
      TE.map((page) => entryPage(reply, page, { events: run_id })),
    )

  const replayPage = ({ params: { run_id }, query, headers }: PageRequest, reply: FastifyReply) =>
    pipe(
      TE.fromEither(keyOf(RevisionCursorKey, { replay: run_id }, query.cursor)),
      TE.tap(() => reached(parts, headers['run-ledger-position'])),
      TE.map((after) => (after === undefined ? 0 : after.revision + 1)),
      TE.flatMap((from) => pipe(readModel.listSteps(run_id, { from, limit: query.limit }), TE.mapLeft(readRefusal))),
      TE.map(withPosition(reply)),
      TE.flatMapEither(readable),
      TE.map((page) => stepPage(reply, run_id, page)),
    )

  const respondWith =
    (page: (request: PageRequest, reply: FastifyReply) => TE.TaskEither<Refusal, string>) =>
    (request: PageRequest, reply: FastifyReply): Promise<string> => {
      note(request, { run_id: request.params.run_id })
      return sendTogether(respond(reply, page(request, reply)))
    }

  const schema = { params: RunPath, querystring: PageQuery, headers: ReadHeaders }
  const onRequest = produces(JSON_TYPE)
  app.get('/runs/:run_id/events', { schema: { ...EVENTS, ...schema }, onRequest }, respondWith(trailPage))
  app.get('/runs/:run_id/replay', { schema: { ...REPLAY, ...schema }, onRequest }, respondWith(replayPage))
}

type PageRequest = FastifyRequest &
  Readonly<{
    params: Readonly<{ run_id: string }>
    query: PageQuery
    headers: Readonly<{ 'run-ledger-position'?: Position | undefined }>
  }>

/** Refused where the run does not exist, or where some of its events cannot be read. */
const readable = (page: StepPage): E.Either<Refusal, StepPage> => {
  if (page.quarantine !== null) return E.left({ problem: unreadable(page.quarantine) })
  return page.exists ? E.right(page) : E.left({ problem: NO_SUCH_RUN })
}

/** A page of Entries as JSON; its cursor belongs to `walk`. */
export const entryPage = (reply: FastifyReply, { entries, next, position }: EntryPage, walk: CursorQuery): string =>
  pageOf(reply, position, entries.map(({ text }) => text).join(','), next === null ? null : cursorOf(walk, next))

const stepPage = (reply: FastifyReply, run_id: string, { steps, next, position }: StepPage): string => {
  const data = steps.map(
    ({ revision, entryText, runText }) => `{"revision":${revision},"entry":${entryText},"run":${runText}}`,
  )
  const next_cursor = next === null ? null : cursorOf({ replay: run_id }, { revision: next - 1 })
  return pageOf(reply, position, data.join(','), next_cursor)
}

const pageOf = (reply: FastifyReply, position: Position, data: string, next_cursor: string | null): string => {
  typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
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
