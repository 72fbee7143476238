/** `GET /runs/{run_id}/events` and `GET /runs/{run_id}/replay`: what happened to a run, and what each event made of it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type CursorQuery, cursorOf, EntryCursorKey, RevisionCursorKey } from '../../api/cursors.ts'
import { EntryPageAnswer } from '../../api/entries.ts'
import { PageQuery } from '../../api/query-parts.ts'
import { ReplayAnswer } from '../../api/run-views.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryPage, StepPage } from '../../read-model/read-model.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { notReached } from '../response/positions.ts'
import { keyOf, MADE_AT, NO_SUCH_RUN, refuseRead, unreadable } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import { sendTogether } from '../response/send-together.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { RunPath } from './command-routes.ts'

export const entryRoutes = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  const trailPage = async (request: PageRequest, reply: FastifyReply): Promise<string> => {
    const { run_id } = request.params
    const { cursor, limit } = request.query
    const after = keyOf(EntryCursorKey, { events: run_id }, cursor)
    if (after._tag === 'Left') return refuse(reply, after.left)
    const late = await notReached(parts, request.headers['run-ledger-position'])
    if (late !== null) return refuse(reply, late)
    const page = await readModel.listEntries({ run_id: [run_id], sort: 'position', limit, after: after.right })()
    if (page._tag === 'Left') return refuseRead(request, reply, page.left)
    const { entries, next, position } = page.right
    reply.header(POSITION, position)
    if (entries.length === 0 && next === null && after.right === undefined) return refuse(reply, NO_SUCH_RUN)
    return tellPage(reply, page.right, { events: run_id })
  }

  const replayPage = async (request: PageRequest, reply: FastifyReply): Promise<string> => {
    const { run_id } = request.params
    const { cursor, limit } = request.query
    const after = keyOf(RevisionCursorKey, { replay: run_id }, cursor)
    if (after._tag === 'Left') return refuse(reply, after.left)
    const late = await notReached(parts, request.headers['run-ledger-position'])
    if (late !== null) return refuse(reply, late)
    const from = after.right === undefined ? 0 : after.right.revision + 1
    const page = await readModel.listSteps(run_id, { from, limit })()
    if (page._tag === 'Left') return refuseRead(request, reply, page.left)
    const { exists, quarantine, position } = page.right
    reply.header(POSITION, position)
    if (quarantine !== null) return refuse(reply, unreadable(quarantine))
    return exists ? tellSteps(reply, run_id, page.right) : refuse(reply, NO_SUCH_RUN)
  }

  const answering =
    (page: (request: PageRequest, reply: FastifyReply) => Promise<string>) =>
    (request: PageRequest, reply: FastifyReply): Promise<string> => {
      note(request, { run_id: request.params.run_id })
      return sendTogether(page(request, reply))
    }

  const schema = { params: RunPath, querystring: PageQuery, headers: ReadHeaders }
  const onRequest = produces(JSON_TYPE)
  app.get('/runs/:run_id/events', { schema: { ...EVENTS, ...schema }, onRequest }, answering(trailPage))
  app.get('/runs/:run_id/replay', { schema: { ...REPLAY, ...schema }, onRequest }, answering(replayPage))
}

type PageRequest = FastifyRequest &
  Readonly<{
    params: Readonly<{ run_id: string }>
    query: PageQuery
    headers: Readonly<{ 'run-ledger-position'?: Position | undefined }>
  }>

/** A page of Entries, whose cursor belongs to `walk`. */
export const tellPage = (reply: FastifyReply, { entries, next, position }: EntryPage, walk: CursorQuery): string =>
  tell(reply, position, entries.map(({ text }) => text).join(','), next === null ? null : cursorOf(walk, next))

const tellSteps = (reply: FastifyReply, run_id: string, { steps, next, position }: StepPage): string => {
  const data = steps.map(
    ({ revision, entryText, runText }) => `{"revision":${revision},"entry":${entryText},"run":${runText}}`,
  )
  const next_cursor = next === null ? null : cursorOf({ replay: run_id }, { revision: next - 1 })
  return tell(reply, position, data.join(','), next_cursor)
}

const tell = (reply: FastifyReply, position: Position, data: string, next_cursor: string | null): string => {
  typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
  return `{"data":[${data}],"next_cursor":${next_cursor === null ? 'null' : `"${next_cursor}"`}}`
}

const EVENTS = documented({
  operationId: 'listRunEvents',
  summary: 'The audit trail of a run, oldest first',
  description: 'An event that cannot be read has its Entry too, with `changes: null`.',
  tag: 'audit',
  answers: { 200: { description: 'One page', schema: EntryPageAnswer, headers: MADE_AT } },
  problems: ['run-not-found', 'position-not-reached'],
})

const REPLAY = documented({
  operationId: 'replayRun',
  summary: 'A run step by step: each event, and the Run after it',
  tag: 'audit',
  answers: { 200: { description: 'One page, oldest first', schema: ReplayAnswer, headers: MADE_AT } },
  problems: ['run-not-found', 'run-deleted', 'run-unreadable', 'position-not-reached'],
})
