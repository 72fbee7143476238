/** Opens the read model for reading. */
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { sql } from 'kysely'
import { CURRENT_RUN } from '../../../projections/projections.ts'
import type { Position } from '../../event-store/event-store.ts'
import { SMALL } from '../queries/keyset-pagination.ts'
import { countsOf, listCounts } from '../queries/list-counts.ts'
import { listSteps } from '../queries/list-steps.ts'
import type { Answer, CountsQuery, ProjectionState, ReadModel, ReadModelUnavailable } from '../read-model.ts'
import { checkpointPosition, positionOf } from './checkpoint.ts'
import { openForReading, prepare, prepared, type ReadModelOpenFailure } from './database.ts'
import { createQuarantineReader, quarantinedRuns } from './quarantine.ts'
import { createCheckpointWatch } from './reading/checkpoint-watch.ts'
import { groupStatements, policyVersionStatements } from './reading/count-statements.ts'
import { createQueryThreads } from './reading/query-threads.ts'
import { type AnswerTo, createAnswerers, type QueryOf, type QuestionName } from './reading/questions.ts'
import { reading } from './reading/read-failure.ts'
import { type StoredRunValues, storedRun } from './reading/run-columns.ts'
import { oneRun } from './reading/run-statements.ts'
import { createStatementPool, type StatementPool } from './reading/statement-pool.ts'
import { fixed, runQuery } from './reading/statements.ts'
import { tickTransaction } from './reading/tick-transaction.ts'
import { versionStatements } from './reading/version-statements.ts'

/** Any number may read, in any process, while the projector writes and while it does not run. */
export const openReadModel =
  ({ path }: Readonly<{ path: string }>): TE.TaskEither<ReadModelOpenFailure, ReadModel> =>
  async () =>
    pipe(
      openForReading(path),
      E.map((db) => readModel(db, path)),
    )

const readModel = (db: DatabaseSync, path: string): ReadModel => {
  const pool = createStatementPool(db)
  const quarantine = createQuarantineReader(db)
  const run = createRunReader(db, quarantine)
  const answerers = createAnswerers(db)
  const threads = createQueryThreads(path)
  const inTick = createTickReads(db)
  const position = () => inTick((at) => at)
  const watch = createCheckpointWatch(() => E.toUnion(E.mapLeft(() => null)(position())))

  const answer =
    <Read>(read: (at: Position) => Read): Answer<Read> =>
    () =>
      Promise.resolve(inTick(read))

  /** By this thread where that is little work, else by one that does nothing else. */
  const hereOrElsewhere =
    <Name extends QuestionName>(name: Name) =>
    (query: QueryOf<Name>): Answer<AnswerTo<Name>> =>
      pipe(
        answer((at) => ({ position: at, answered: answerers[name](query, SMALL) })),
        TE.flatMap(({ position: at, answered }) =>
          answered === null ? threads.ask(name, query) : TE.right({ position: at, ...answered } as AnswerTo<Name>),
        ),
      )

  const counts = (statements: typeof groupStatements) => (query: CountsQuery) =>
    answer((at) => ({ position: at, ...runQuery(pool, listCounts(statements, query)) }))

  return {
    getRun: (run_id) => answer((at) => ({ position: at, ...run(run_id) })),
    listRuns: hereOrElsewhere('runs'),
    listEntries: hereOrElsewhere('entries'),
    listSteps: (run_id, options) =>
      answer((at) => ({
        position: at,
        ...runQuery(pool, listSteps(versionStatements, run_id, options)),
        quarantine: quarantine(run_id),
      })),
    getRunGroup: (run_group_id) =>
      answer((at) => ({ position: at, group: runQuery(pool, countsOf(groupStatements, run_group_id)) })),
    listRunGroups: counts(groupStatements),
    listPolicyVersions: counts(policyVersionStatements),
    policyStats: hereOrElsewhere('stats'),
    projections: () => answer((at) => ({ position: at, projections: projectionStates(db, pool) })),
    position: () => answer((at) => at),
    waitFor: watch.waitFor,
    close: async () => {
      watch.close()
      await threads.close()
      if (db.isOpen) db.close()
    },
  }
}

/** Reads that see the same moment as all others of their tick, and so share its position. */
const createTickReads = (db: DatabaseSync) => {
  const checkpoint = prepare(db, checkpointPosition())
  const isFirstOfTick = tickTransaction(db)
  let position: Position | null = null
  return <Read>(read: (position: Position) => Read): E.Either<ReadModelUnavailable, Read> =>
    reading(() => {
      if (isFirstOfTick()) position = null
      position ??= positionOf(checkpoint)
      return read(position)
    })
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
