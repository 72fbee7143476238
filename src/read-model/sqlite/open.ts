/** Opens the read model for reading. */
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { sql } from 'kysely'
import { CURRENT_RUN } from '../../../projections/projections.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { ReadModelOpenFailure } from '../open-failure.ts'
import { SMALL } from '../queries/keyset-pagination.ts'
import { countsOf, listCounts } from '../queries/list-counts.ts'

import { listTrail } from '../queries/list-entries.ts'

import { listSteps } from '../queries/list-steps.ts'
import { counted } from '../queries/search-runs.ts'
import type {
  Answer,
  CountsQuery,
  ProjectionState,
  ReadModel,
  ReadModelFailure,
  ReadModelUnavailable,
} from '../read-model.ts'
import { checkpointPosition, positionOf } from './checkpoint.ts'
import { openForReading, prepare, prepared } from './database.ts'
import { createQuarantineReader, quarantinedRuns } from './quarantine.ts'
import { createCheckpointWatch } from './reading/checkpoint-watch.ts'
import { createConnection } from './reading/connection.ts'
import { groupStatements, policyVersionStatements } from './reading/count-statements.ts'
import { entryStatements } from './reading/entry-statements.ts'
import { createQueryThreads, type QueryThreads } from './reading/query-threads.ts'
import { type AnswerTo, createAnswerers, type QueryOf, type QuestionName } from './reading/questions.ts'
import { type StoredRunValues, storedRun } from './reading/run-columns.ts'
import { oneRun } from './reading/run-statements.ts'
import { createStatementPool, runQuery, type StatementPool } from './reading/statement-pool.ts'
import { fixed } from './reading/statements.ts'
import { tickTransaction } from './reading/tick-transaction.ts'
import { versionStatements } from './reading/version-statements.ts'
import { createWholeRunReader } from './reading/whole-run.ts'

export type ReadModelOptions = Readonly<{
  path: string
  /** For one who will ask much: the threads for large queries start at once. */
  isServing?: boolean
  /** Called when a read finds the file damaged; not again before a read has succeeded. */
  onDamage?: (detail: string) => void
}>

/** Any number may read, in any process, while the projector writes and while it does not run. */
export const openReadModel =
  (options: ReadModelOptions): TE.TaskEither<ReadModelOpenFailure, ReadModel> =>
  async () =>
    pipe(
      openForReading(options.path),
      E.map((db) => {
        const threads = {
          lists: createQueryThreads(options.path, LISTS),
          searches: createQueryThreads(options.path, SEARCHES),
          counts: createQueryThreads(options.path, COUNTS),
        }
        if (options.isServing === true) void threads.lists.start()
        return readModel(db, options, threads)
      }),
    )

/** Searches have threads of their own, so that nothing else waits for them; so has counting what they find. */
type Threads = Readonly<Record<'lists' | 'searches' | 'counts', QueryThreads>>

const LISTS = { threads: 2, waiting: 64, ms: 10_000, priority: 0 }
const SEARCHES = { threads: 1, waiting: 32, ms: 10_000, priority: 5 }
const COUNTS = { threads: 1, waiting: 4, ms: 25_000, priority: 5 }

const threadsFor = ({ lists, searches, counts }: Threads, query: QueryOf<QuestionName>): QueryThreads => {
  if ('q' in query && query.q !== undefined) return query.count ? counts : searches
  const readsTexts = ('path' in query && query.path !== undefined) || ('reason' in query && query.reason !== undefined)
  return readsTexts ? searches : lists
}

const readModel = (db: DatabaseSync, { path, onDamage }: ReadModelOptions, threads: Threads): ReadModel => {
  const connection = createConnection(path, db, readsOn)

  /** Reads of one tick see the same moment, and so share its position. */
  const inTick = <Result>(read: (reads: Reads, at: Position) => Result): E.Either<ReadModelUnavailable, Result> => {
    const result = connection.use((reads) => read(reads, reads.position()))
    // By hand: every read comes through here.
    if (result._tag === 'Left') notice(result.left)
    else reported = false
    return result
  }

  let reported = false
  const notice = (failure: ReadModelFailure): void => {
    if (reported || failure._tag !== 'ReadModelUnavailable' || !failure.damaged) return
    reported = true
    onDamage?.(failure.detail)
  }

  const answer =
    <Result>(read: (reads: Reads, at: Position) => Result): Answer<Result> =>
    () =>
      Promise.resolve(inTick(read))

  const elsewhere = <Name extends QuestionName>(name: Name, query: QueryOf<Name>): Answer<AnswerTo<Name>> =>
    pipe(
      threadsFor(threads, query).ask(name, query),
      TE.orElseFirstIOK((failure) => () => notice(failure)),
    )

  /** By this thread where that is little work, else by one that does nothing else. */
  const hereOrElsewhere =
    <Name extends QuestionName>(name: Name) =>
    (query: QueryOf<Name>): Answer<AnswerTo<Name>> =>
      pipe(
        answer(({ answerers }, at) => ({ position: at, answered: answerers[name](query, SMALL) })),
        TE.flatMap(({ position, answered }) =>
          answered === null ? elsewhere(name, query) : TE.right({ position, ...answered } as AnswerTo<Name>),
        ),
      )

  const counts = (statements: typeof groupStatements) => (query: CountsQuery) =>
    answer(({ pool }, position) => ({ position, ...runQuery(pool, listCounts(statements, query)) }))

  const watch = createCheckpointWatch(() => E.toUnion(E.mapLeft(() => null)(inTick((_, at) => at))))

  return {
    getRun: (run_id) => answer(({ run }, position) => ({ position, ...run(run_id) })),
    listRuns: (query) =>
      pipe(
        hereOrElsewhere('runs')(query),
        TE.flatMapEither((page) => counted(page)),
      ),
    listEntries: hereOrElsewhere('entries'),
    listTrail: (run_id, options) =>
      answer(({ pool, whole }, position) => ({
        position,
        ...(whole.trail(run_id, options) ?? runQuery(pool, listTrail(entryStatements, run_id, options))),
      })),
    listSteps: (run_id, options) =>
      answer(({ pool, whole, quarantine }, position) => ({
        position,
        ...(whole.steps(run_id, options) ?? runQuery(pool, listSteps(versionStatements, run_id, options))),
        quarantine: quarantine(run_id),
      })),
    getRunGroup: (run_group_id) =>
      answer(({ pool }, position) => ({ position, group: runQuery(pool, countsOf(groupStatements, run_group_id)) })),
    listRunGroups: counts(groupStatements),
    listPolicyVersions: counts(policyVersionStatements),
    policyStats: hereOrElsewhere('stats'),
    agreement: hereOrElsewhere('agreement'),
    projections: () => answer(({ projections }, position) => ({ position, projections: projections() })),
    position: () => answer((_, at) => at),
    waitFor: watch.waitFor,
    close: async () => {
      watch.close()
      await Promise.all(Object.values(threads).map(({ close }) => close()))
      connection.close()
    },
  }
}

type Reads = ReturnType<typeof readsOn>

/** What is read of one file. `position` begins the transaction of a tick, so it comes before every other read. */
const readsOn = (db: DatabaseSync) => {
  const pool = createStatementPool(db)
  const quarantine = createQuarantineReader(db)
  return {
    pool,
    quarantine,
    whole: createWholeRunReader(db),
    run: createRunReader(db, quarantine),
    answerers: createAnswerers(db),
    projections: () => projectionStates(db, pool),
    position: createPositionReader(db),
  }
}

const createPositionReader = (db: DatabaseSync): (() => Position) => {
  const checkpoint = prepare(db, checkpointPosition())
  const isFirstOfTick = tickTransaction(db)
  let position: Position | null = null
  return () => {
    if (isFirstOfTick()) position = null
    position ??= positionOf(checkpoint)
    return position
  }
}

/** Prepared once: it is asked for most. */
const createRunReader = (db: DatabaseSync, quarantine: ReturnType<typeof createQuarantineReader>) => {
  const one = prepared(db, oneRun('').sql)
  return (run_id: string) => {
    const values = one.get(run_id) as unknown as StoredRunValues | undefined
    const run = values === undefined ? null : storedRun(...values)
    return { run, quarantine: run !== null && run.quarantined === null ? null : quarantine(run_id) }
  }
}

type StateValues = [name: string, version: number, position: string, heartbeat: string | null, rebuilding: number]

const PROJECTION_STATES = fixed<[]>(sql`select name, version, position, last_heartbeat,
    exists (select 1 from rebuilds where rebuilds.name = projections.name)
  from projections order by name <> ${sql.lit(CURRENT_RUN)}, name`)

const projectionStates = (db: DatabaseSync, pool: StatementPool): readonly ProjectionState[] => {
  const states = pool.all(PROJECTION_STATES()) as unknown as readonly StateValues[]
  return states.map(([name, version, position, last_heartbeat, rebuilding]) => ({
    name,
    version,
    position,
    last_heartbeat,
    rebuilding: rebuilding === 1,
    // The fold is what cannot read a run; the others wait for it.
    quarantined: name === CURRENT_RUN ? quarantinedRuns(db) : [],
  }))
}
