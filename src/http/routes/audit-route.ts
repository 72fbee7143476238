/** `GET /audit`: the Entries of all runs, in pages, or all of them as CSV, NDJSON or CloudEvents. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { EntryCursorKey } from '../../api/cursors.ts'
import { AuditQuery, EntryAnswer, type EntryFormat, EntryPageAnswer } from '../../api/entries.ts'
import { CLOUD_EVENTS_TYPE, CloudEventAnswer } from '../../api/entry-cloud-event.ts'
import { type Problem, problem } from '../../api/problems.ts'
import { PAGE_SIZE } from '../../api/query-parts.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { streamAnswer } from '../response/answer-stream.ts'
import { onceReached } from '../response/positions.ts'
import { keyOf, MADE_AT, parameterProblem, refuseRead } from '../response/reads.ts'
import { JSON_TYPE, NDJSON_TYPE, preferredOf, refuse } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { createAuditStreams } from './audit-stream.ts'
import { tellPage } from './entry-routes.ts'

export const auditRoute = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  const streams = createAuditStreams(parts)

  const tellJson = async (request: FastifyRequest, reply: FastifyReply, query: AuditQuery): Promise<string> => {
    const { cursor, limit = PAGE_SIZE, format: _, csv: __, ...walk } = query
    const after = keyOf(EntryCursorKey, walk, cursor)
    if (after._tag === 'Left') return refuse(reply, after.left)
    const page = await readModel.listEntries({ ...walk, limit, after: after.right })()
    return page._tag === 'Left' ? refuseRead(request, reply, page.left) : tellPage(reply, page.right, walk)
  }

  app.get('/audit', { schema: { ...DOCUMENTED, querystring: AuditQuery, headers: ReadHeaders } }, (request, reply) => {
    const { query, headers } = request
    reply.header('vary', 'Accept')
    const format = query.format ?? preferredOf(headers.accept, TYPES)
    if (format === null) return refuse(reply, NOT_ACCEPTABLE)
    const faulty = misfitOf(query, format)
    if (faulty !== null) return refuse(reply, faulty)
    return onceReached(parts, request, reply, () => {
      if (format === 'json') return tellJson(request, reply, query)
      const { type, texts } = streams(reply, query, format)
      return streamAnswer(parts, request, reply, type, texts)
    })
  })
}

const TYPES: Readonly<Record<EntryFormat, string>> = {
  json: JSON_TYPE,
  csv: 'text/csv',
  ndjson: NDJSON_TYPE,
  cloudevents: CLOUD_EVENTS_TYPE,
}

const NOT_ACCEPTABLE = problem('not-acceptable', `this route answers ${Object.values(TYPES).join(', ')}`)

/** A parameter that says nothing in `format`. */
const misfitOf = ({ limit, cursor, csv }: AuditQuery, format: EntryFormat): Problem | null => {
  if (csv !== undefined && format !== 'csv') return parameterProblem('csv', 'can be given with format=csv only')
  if (format === 'json') return null
  if (limit !== undefined) return parameterProblem('limit', `cannot be given: ${format} holds every entry that matches`)
  if (cursor !== undefined) return parameterProblem('cursor', 'cannot be given: only pages of JSON have cursors')
  return null
}

const DOCUMENTED = documented({
  operationId: 'listEntries',
  summary: 'The audit trail of all runs',
  description:
    'Filters of different names must all hold, of the values of one any. `…_after` is ≥, `…_before` is <. JSON comes in pages: a page may be short, only `next_cursor: null` ends. CSV (RFC 4180, with a header), NDJSON and CloudEvents (1.0, a JSON batch) hold every Entry that matches up to the position in their header; one that breaks off without its end is not whole. `format` goes before `Accept`.',
  tag: 'audit',
  answers: {
    200: {
      description: 'One page, or all of it',
      schema: EntryPageAnswer,
      others: {
        'text/csv': z.string(),
        [NDJSON_TYPE]: EntryAnswer,
        [CLOUD_EVENTS_TYPE]: z.array(CloudEventAnswer),
      },
      headers: {
        ...MADE_AT,
        'Run-Ledger-Csv-Escaped':
          "`formula`: cells that begin with `=`, `+`, `-` (but for numbers), `@`, their full-width forms, a tab, a carriage return or a line feed have a `'` before it; not with `csv=raw`",
      },
    },
  },
  problems: ['position-not-reached', 'too-many-streams'],
})
