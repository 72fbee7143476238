/** Opens the read model for reading. */
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import sql, { raw } from 'sql-template-tag'
import { CURRENT_RUN } from '../../../projections/projections.ts'
import type { Position } from '../../event-store/event-store.ts'
import { SMALL } from '../queries/keyset-pagination.ts'
import type { Answer, ProjectionState, ReadModel, ReadModelUnavailable } from '../read-model.ts'
import { checkpointPosition, positionOf } from './checkpoint.ts'
import { createCheckpointWatch } from './checkpoint-watch.ts'
import { openForReading, prepare, prepared, type ReadModelOpenFailure } from './database.ts'
import { createGroupReader } from './group-queries.ts'
import { type AnswerTo, createAnswerers, type QueryOf, type QuestionName } from './large-queries.ts'
import { createQuarantineReader, quarantinedRuns } from './quarantine.ts'
import { createQueryThreads } from './query-threads.ts'
import { reading } from './read-failure.ts'
import { type StoredRunValues, storedRun } from './run-columns.ts'
import { ONE_RUN } from './run-statements.ts'
import { createStepReader } from './step-queries.ts'
import { tickTransaction } from './tick-transaction.ts'

/** Any number may read, in any process, while the projector writes and while it does not run. */
export const openReadModel =
  ({ path }: Readonly<{ path: string }>): TE.TaskEither<ReadModelOpenFailure, ReadModel> =>
  async () =>
    pipe(
      openForReading(path),
      E.map((db) => readModel(db, path)),
    )

const readModel = (db: DatabaseSync, path: string): ReadModel => {
  const run = createRunReader(db)
  const projections = createProjectionReader(db)
  const answerers = createAnswerers(db)
  const steps = createStepReader(db)
  const group = createGroupReader(db)
  const threads = createQueryThreads(path)
  const inTick = createTickReads(db)
  const position = () => inTick((at) => at)
  const watch = createCheckpointWatch(() => E.toUnion(E.mapLeft(() => null)(position())))

  const answer = <Read>(read: (at: Position) => Read): Answer<Read> => {
    return () => Promise.resolve(inTick(read))
  }

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

  return {
    getRun: (run_id) => answer((at) => ({ position: at, ...run(run_id) })),
    listRuns: hereOrElsewhere('runs'),
    listEntries: hereOrElsewhere('entries'),
    listSteps: (run_id, options) => answer((at) => ({ position: at, ...steps(run_id, options) })),
    getRunGroup: (run_group_id) => answer((at) => ({ position: at, group: group(run_group_id) })),
    policyStats: hereOrElsewhere('stats'),
    projections: () => answer((at) => ({ position: at, projections: projections() })),
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

const createRunReader = (db: DatabaseSync) => {
  const one = prepared(db, ONE_RUN.sql)
  const quarantine = createQuarantineReader(db)
  return (run_id: string) => {
    const values = one.get(run_id) as unknown as StoredRunValues | undefined
    const run = values === undefined ? null : storedRun(...values)
    return { run, quarantine: run !== null && run.quarantined === null ? null : quarantine(run_id) }
  }
}

const createProjectionReader = (db: DatabaseSync): (() => readonly ProjectionState[]) => {
  const states = prepared(db, PROJECTION_STATES.sql)
  return () => (states.all() as unknown as StateValues[]).map((values) => projectionState(db, values))
}

type StateValues = [name: string, version: number, position: string, heartbeat: string | null, rebuilding: number]

const PROJECTION_STATES = sql`select name, version, position, last_heartbeat,
    exists (select 1 from rebuilds where rebuilds.name = projections.name)
  from projections order by name <> ${raw(`'${CURRENT_RUN}'`)}, name`

// The fold is what cannot read a run; the others wait for it.
const projectionState = (
  db: DatabaseSync,
  [name, version, position, last_heartbeat, rebuilding]: StateValues,
): ProjectionState => ({
  name,
  version,
  position,
  last_heartbeat,
  rebuilding: rebuilding === 1,
  quarantined: name === CURRENT_RUN ? quarantinedRuns(db) : [],
})
