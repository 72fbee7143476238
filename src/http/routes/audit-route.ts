/** `GET /audit`: the Entries of all runs, in pages, or all of them as CSV, NDJSON or CloudEvents. */
import type { FastifyReply } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { EntryCursorKey } from '../../api/cursors.ts'
import { AuditQuery, EntryAnswer, type EntryFormat, EntryPageAnswer } from '../../api/entries.ts'
import { CLOUD_EVENTS_TYPE, CloudEventAnswer } from '../../api/entry-formats/entry-cloud-event.ts'
import { type Problem, problem } from '../../api/problems.ts'
import { PAGE_SIZE } from '../../api/query-parts.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { streamAnswer } from '../response/answer-stream.ts'
import { POSITION_HEADER, reached } from '../response/await-position.ts'
import { JSON_TYPE, NDJSON_TYPE, preferredOf } from '../response/content-negotiation.ts'
import { type Refusal, refuse, respond } from '../response/problem-response.ts'
import { keyOf, parameterProblem, readRefusal } from '../response/read-problems.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { createAuditStreams } from './audit-stream.ts'
import { entryPage } from './entry-routes.ts'

export const auditRoute = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  const streams = createAuditStreams(parts)

  const jsonPage = (reply: FastifyReply, query: AuditQuery): TE.TaskEither<Refusal, string> => {
    const { cursor, limit = PAGE_SIZE, format: _, csv: __, ...walk } = query
    return pipe(
      TE.fromEither(keyOf(EntryCursorKey, walk, cursor)),
      TE.flatMap((after) => pipe(readModel.listEntries({ ...walk, limit, after }), TE.mapLeft(readRefusal))),
      TE.map((page) => entryPage(reply, page, walk)),
    )
  }

  app.get(
    '/audit',
    { schema: { ...DOCUMENTED, querystring: AuditQuery, headers: ReadHeaders }, config: { isExport: true } },
    (request, reply) => {
      const { query, headers } = request
      reply.header('vary', 'Accept')
      const format = query.format ?? preferredOf(headers.accept, TYPES)
      if (format === null) return refuse(reply, NOT_ACCEPTABLE)
      const faulty = misfitOf(query, format)
      if (faulty !== null) return refuse(reply, faulty)
      return respond<string | undefined>(
        reply,
        pipe(
          reached(parts, headers['run-ledger-position']),
          TE.flatMap((): TE.TaskEither<Refusal, string | undefined> => {
            if (format === 'json') return jsonPage(reply, query)
            const { type, texts } = streams(reply, query, format)
            return TE.fromTask(() => streamAnswer(parts, request, reply, type, texts))
          }),
        ),
      )
    },
  )
}

const TYPES: Readonly<Record<EntryFormat, string>> = {
  json: JSON_TYPE,
  csv: 'text/csv',
  ndjson: NDJSON_TYPE,
  cloudevents: CLOUD_EVENTS_TYPE,
}

const NOT_ACCEPTABLE = problem('not-acceptable', `this route returns ${Object.values(TYPES).join(', ')}`)

/** The problem of a parameter that `format` has no use for; null where there is none. */
const misfitOf = ({ limit, cursor, csv }: AuditQuery, format: EntryFormat): Problem | null => {
  if (csv !== undefined && format !== 'csv') return parameterProblem('csv', 'can be given with format=csv only')
  if (format === 'json') return null
  if (limit !== undefined) return parameterProblem('limit', `cannot be given: ${format} holds every entry that matches`)
  if (cursor !== undefined) return parameterProblem('cursor', 'cannot be given: only pages of JSON have cursors')
  return null
}

const DOCUMENTED = documented({
  operationId: 'listEntries',
  permission: 'auditor',
  summary: 'The audit trail of all runs',
  description:
    'An Entry must match every filter. A filter with several values matches any of them. `…_after` is ≥, `…_before` is <. JSON is returned in pages. A page may be short; the last one has `next_cursor: null`. CSV (RFC 4180, with a header), NDJSON and CloudEvents (1.0, a JSON batch) hold every matching Entry up to the position in the `Run-Ledger-Position` header. A stream that ends early is not complete. `format` overrides `Accept`.',
  tag: 'audit',
  answers: {
    200: {
      description: 'One page, or every matching Entry',
      schema: EntryPageAnswer,
      others: {
        'text/csv': z.string(),
        [NDJSON_TYPE]: EntryAnswer,
        [CLOUD_EVENTS_TYPE]: z.array(CloudEventAnswer),
      },
      headers: {
        ...POSITION_HEADER,
        'Run-Ledger-Csv-Escaped':
          "`formula`: cells that begin with `=`, `+`, `-` (except numbers), `@`, their full-width forms, a tab, a carriage return or a line feed are prefixed with `'`. Not sent with `csv=raw`",
      },
    },
  },
  problems: ['position-not-reached', 'too-many-streams'],
})
