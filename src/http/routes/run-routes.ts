/** `GET /runs/{run_id}`: a run now, or as it was. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RunAnswer } from '../../api/answers.ts'
import { problemOf } from '../../api/problems.ts'
import { RunReadQuery } from '../../api/run-query.ts'
import { later, type Position } from '../../event-store/event-store.ts'
import type { HistoryFailure } from '../../ledger/failures.ts'
import { type Moment, readRunAt } from '../../ledger/history.ts'
import { documented } from '../open-api/documented.ts'
import { RunReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { etagOf, namesTag } from '../response/conditional.ts'
import { notReached } from '../response/positions.ts'
import { MADE_AT, NO_SUCH_RUN, refuseRead, waiting } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import { sendTogether } from '../response/send-together.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { RunPath } from './command-routes.ts'

export const runRoutes = (app: App, parts: ServerParts): void => {
  const { store, readModel } = parts
  const waitFor = (position: Position) => notReached(parts, position)

  const fromReadModel = async (
    request: FastifyRequest,
    reply: FastifyReply,
    run_id: string,
  ): Promise<string | undefined> => {
    const read = await readModel.getRun(run_id)()
    if (read._tag === 'Left') return refuseRead(request, reply, read.left)
    const { position, run, quarantine } = read.right
    reply.header(POSITION, position)
    if (run === null) return refuse(reply, quarantine === null ? NO_SUCH_RUN : waiting(quarantine))
    if (run.quarantined !== null) reply.header('run-ledger-quarantined', run.quarantined)
    return tell(request, reply, run.revision, run.text)
  }

  const fromLog = async (
    request: FastifyRequest,
    reply: FastifyReply,
    run_id: string,
    moment: Moment,
    wanted: Position | undefined,
  ): Promise<string | undefined> => {
    const head = await store.headPosition()()
    if (head._tag === 'Left') return refuseHistory(request, reply, { _tag: 'LogUnavailable', detail: head.left.detail })
    // Whatever stands in the log by now is read; only a later position has to be waited for.
    const late = wanted === undefined || wanted <= head.right ? null : await waitFor(wanted)
    if (late !== null) return refuse(reply, late)
    const read = await readRunAt(store)(run_id, moment)()
    const madeAt = later(wanted ?? head.right, head.right)
    if (read._tag === 'Left') return refuseHistory(request, reply.header(POSITION, madeAt), read.left)
    const { run, revision, position } = read.right
    reply.header(POSITION, later(madeAt, position))
    return tell(request, reply, revision, JSON.stringify(run))
  }

  app.get(
    '/runs/:run_id',
    {
      schema: { ...DOCUMENTED, params: RunPath, querystring: RunReadQuery, headers: RunReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    (request, reply) => {
      const { params, query, headers } = request
      const { run_id } = params
      note(request, { run_id })
      const position = headers['run-ledger-position']
      if (isOfLog(query)) return fromLog(request, reply, run_id, query, position)
      if (position === undefined) return sendTogether(fromReadModel(request, reply, run_id))
      return waitFor(position).then((late) =>
        late === null ? fromReadModel(request, reply, run_id) : refuse(reply, late),
      )
    },
  )
}

/** Moments, and strong reads, are folded from the stream. */
const isOfLog = ({ as_of, known_at, revision, consistency }: RunReadQuery): boolean =>
  as_of !== undefined || known_at !== undefined || revision !== undefined || consistency !== undefined

const refuseHistory = (request: FastifyRequest, reply: FastifyReply, failure: HistoryFailure): string => {
  if (failure._tag === 'LogUnavailable') note(request, { cause: failure.detail })
  return refuse(reply, problemOf(failure))
}

/** The Run's text, or no body where the caller has this revision already. */
const tell = (request: FastifyRequest, reply: FastifyReply, revision: number, text: string): string | undefined => {
  const etag = etagOf(revision)
  reply.header('etag', etag).header('cache-control', NO_CACHE)
  const known = request.raw.headers['if-none-match']
  if (known !== undefined && namesTag(known, etag)) {
    reply.code(304).send()
    return undefined
  }
  typed(reply, JSON_TYPE)
  return text
}

const HEADERS = {
  ETag: 'the revision of the Run, in quotes',
  ...MADE_AT,
}

const DOCUMENTED = documented({
  operationId: 'getRun',
  summary: 'A run, now or as it was',
  tag: 'reads',
  answers: {
    200: {
      description: 'The Run',
      schema: RunAnswer,
      headers: {
        ...HEADERS,
        'Run-Ledger-Quarantined': 'a later event, of this revision, cannot be read: this is the last good Run',
      },
    },
    304: { description: 'The Run is at the revision that `If-None-Match` names', headers: HEADERS },
  },
  problems: [
    'run-not-found',
    'run-not-yet-created',
    'not-found',
    'run-deleted',
    'run-unreadable',
    'position-not-reached',
    'run-quarantined',
  ],
})
