/** `GET /runs`: matching runs, page by page. */

import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { RunListAnswer } from '../../api/answers.ts'
import { cursorOf, RunCursorKey } from '../../api/cursors.ts'
import { RunListQuery } from '../../api/run-query.ts'
import type { StoredRun } from '../../read-model/read-model.ts'
import { parseSearch } from '../../search/parse.ts'
import type { Search } from '../../search/syntax.ts'
import { countRows } from '../door/access-notes.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { POSITION_HEADER, reached } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { type Refusal, respond } from '../response/problem-response.ts'
import { keyOf, readRefusal, searchProblem } from '../response/read-problems.ts'
import { NO_CACHE, POSITION } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const runListRoute = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  app.get(
    '/runs',
    {
      schema: { ...DOCUMENTED, querystring: RunListQuery, headers: ReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    ({ query, headers }, reply) => {
      const { cursor, limit, count, ...walk } = query
      const metadata = walk.metadata === undefined ? undefined : Object.entries(walk.metadata)
      return respond(
        reply,
        pipe(
          E.Do,
          E.apS('q', searchIn(walk.q)),
          E.apS('after', keyOf(RunCursorKey, walk, cursor)),
          TE.fromEither,
          TE.tap(() => reached(parts, headers['run-ledger-position'])),
          TE.flatMap(({ q, after }) =>
            pipe(readModel.listRuns({ ...walk, q, metadata, limit, count, after }), TE.mapLeft(readRefusal)),
          ),
          TE.map(({ position, runs, next, count: counted }) => {
            countRows(reply, runs.length)
            typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
            const rest = JSON.stringify({
              next_cursor: next === null ? null : cursorOf(walk, next),
              count: counted,
              quarantined: quarantinedIn(runs),
            })
            return `{"data":[${runs.map(({ text }) => text).join(',')}],${rest.slice(1)}`
          }),
        ),
      )
    },
  )
}

/** What `q` means; undefined where there is none. */
const searchIn = (q: string | undefined): E.Either<Refusal, Search | undefined> =>
  q === undefined
    ? E.right(undefined)
    : pipe(
        parseSearch(q),
        E.mapLeft((fault) => ({ problem: searchProblem(fault) })),
      )

/** The runs with a later event that cannot be read; undefined where there are none. */
export const quarantinedIn = (runs: readonly StoredRun[]) => {
  const named = runs.flatMap(({ run_id, quarantined }) =>
    quarantined === null ? [] : [{ run_id, revision: quarantined }],
  )
  return named.length === 0 ? undefined : named
}

const DOCUMENTED = documented({
  operationId: 'listRuns',
  permission: 'reader',
  summary: 'Matching runs, page by page',
  description:
    'A run must match every filter. A filter with several values matches any of them. `…_after` is ≥, `…_before` is <. Paging by `created_at` returns every run that matches all the time exactly once. A page may be short, even empty; the last one has `next_cursor: null`. `q` is a search: see docs/search.md.',
  tag: 'reads',
  answers: {
    200: {
      description: 'One page',
      schema: RunListAnswer,
      headers: POSITION_HEADER,
    },
  },
  problems: ['position-not-reached', 'query-too-expensive'],
})
