/** What projectors into PostgreSQL do together, for anyone who asks them and waits for it, in any process. */
import { randomUUID } from 'node:crypto'
import { left, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { sql } from 'kysely'
import type pg from 'pg'
import { ENTRIES } from '../../../../projections/audit-trail.ts'
import { sleep } from '../../../lib/abortable.ts'
import { lowestOf, type ReadModelOutOfReach } from '../../projection-store.ts'
import { recoveredOf } from '../../projector/catch-up.ts'
import type { Projector, ProjectorStopped, Rebuilt, Retried } from '../../projector/projector.ts'
import { placeOf } from '../address.ts'
import { openPool } from '../connection.ts'
import { rowsOf } from '../kysely.ts'
import { attempt } from '../postgres-failure.ts'
import { schemaName } from '../tables.ts'
import { generationTables } from '../writing/generation-tables.ts'
import { readMarks } from '../writing/part-marks.ts'
import { beginNext, readSet } from '../writing/table-set.ts'
import { hasProcesses } from './leases.ts'
import { forgetRequest, isDone, requestRetry } from './requests.ts'

/** What the projectors of all processes do together, for anyone who asks and waits for it. */
export type Asking = Pick<Projector, 'rebuild' | 'retry' | 'caughtUpTo'> &
  Readonly<{
    /** Whether any process projects this program's set of tables. */
    isProjected: () => TE.TaskEither<ReadModelOutOfReach, boolean>
    close: () => Promise<void>
  }>

const LIMITS = { statementTimeoutMs: 30_000, answerTimeoutMs: 35_000, idleInTransactionMs: 10_000 } as const
const POLL_MS = 100

/** Connects when first asked. The answers come from the processes that project: see `run-ledger serve` and `project`. */
export const openAsking = (url: string): Asking => {
  const pool = openPool(url, { ...LIMITS, name: 'run-ledger requests', max: 2, onLost: () => undefined })
  const place = placeOf(url)
  const closing = new AbortController()

  /** Polls until `look` returns something; a database that does not answer is asked again. Fails where it was closed first. */
  const until =
    <Result>(look: () => Promise<Result | null>): TE.TaskEither<ProjectorStopped, Result> =>
    async () => {
      while (!closing.signal.aborted) {
        const found = await attempt(place, look)
        if (found._tag === 'Right' && found.right !== null) return right(found.right)
        await sleep(POLL_MS, closing.signal)
      }
      return left({ _tag: 'ProjectorStopped' })
    }

  return {
    isProjected: () => () => attempt(place, () => hasProcesses(pool)),
    rebuild: () => async () => {
      const began = performance.now()
      return pipe(
        until(async () => (await readSet(pool)).next ?? (await beginNext(pool))),
        TE.flatMap((generation) => until(() => rebuiltAs(pool, generation))),
        TE.map((rebuilt): Rebuilt => ({ ...rebuilt, seconds: (performance.now() - began) / 1000 })),
      )()
    },
    retry: (which) => {
      const id = randomUUID()
      return pipe(
        until(() => liveOf(pool)),
        TE.flatMap((generation) =>
          pipe(
            generationTables({ pool, place }, generation).quarantined,
            TE.tap(() => () => attempt(place, () => requestRetry(pool, id, generation, which))),
            TE.tap(() => until(async () => ((await isDone(pool, id)) ? true : null))),
            TE.bindTo('before'),
            TE.bindW('quarantined', () => generationTables({ pool, place }, generation).quarantined),
          ),
        ),
        TE.tap(() => () => attempt(place, () => forgetRequest(pool, id))),
        TE.map(({ before, quarantined }): Retried => ({ recovered: recoveredOf(before, quarantined), quarantined })),
      )
    },
    caughtUpTo: async (position) =>
      (
        await until(async () => {
          const { live } = await readSet(pool)
          return live !== null && lowestOf(await readMarks(pool, live)) >= position ? true : null
        })()
      )._tag === 'Right',
    close: async () => {
      closing.abort()
      await pool.end()
    },
  }
}

/** Null while the first generation is being made. */
const liveOf = async (pool: pg.Pool): Promise<number | null> => (await readSet(pool)).live

/** Where the tables are, and of how many events, once `generation` or a later one is read; null before. */
const rebuiltAs = async (pool: pg.Pool, generation: number): Promise<Omit<Rebuilt, 'seconds'> | null> => {
  const live = await liveOf(pool)
  if (live === null || live < generation) return null
  const [counted] = await rowsOf<{ events: number }>(
    pool,
    sql`select count(*) as events from ${sql.id(schemaName(live), ENTRIES.name)}`,
  )
  return { position: lowestOf(await readMarks(pool, live)), events: counted?.events ?? 0 }
}
