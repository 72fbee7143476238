/** Opens the read model for reading. */
import type { DatabaseSync } from 'node:sqlite'
import { right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import sql, { raw } from 'sql-template-tag'
import type { Position } from '../../event-store/event-store.ts'
import { CURRENT_RUN } from '../projector/projection.ts'
import { createQuarantineReader, quarantinedRuns } from '../projector/quarantine.ts'
import { SMALL } from '../queries/keyset-pagination.ts'
import type { ProjectionState, ReadModel, ReadModelBusy } from '../read-model.ts'
import { checkpointPosition, positionOf } from './checkpoint.ts'
import { createCheckpointWatch } from './checkpoint-watch.ts'
import { openForReading, prepare, prepared, type ReadModelOpenFailure } from './database.ts'
import { createEntryTexts } from './entry-queries.ts'
import { createGroupReader } from './group-queries.ts'
import { type AnswerTo, createAnswerers, type QueryOf, type QuestionName } from './large-queries.ts'
import { createQueryThreads } from './query-threads.ts'
import { type StoredRunValues, storedRun } from './run-columns.ts'
import { createRunTexts } from './run-queries.ts'
import { ONE_RUN } from './run-statements.ts'
import { createTrailReader } from './run-trail.ts'
import { createStepReader } from './step-queries.ts'
import { turnSnapshot } from './tick-transaction.ts'

/** Any number may read, in any process, while the projector writes and while it does not run. */
export const openReadModel =
  ({ path }: Readonly<{ path: string }>): TaskEither<ReadModelOpenFailure, ReadModel> =>
  async () => {
    const opened = openForReading(path)
    return opened._tag === 'Left' ? opened : right(readModel(opened.right, path))
  }

const readModel = (db: DatabaseSync, path: string): ReadModel => {
  const run = prepared(db, ONE_RUN.sql)
  const checkpoint = prepare(db, checkpointPosition())
  const states = prepared(db, PROJECTION_STATES.sql)
  const answerers = createAnswerers(db)
  const runTexts = createRunTexts(db)
  const entryTexts = createEntryTexts(db)
  const steps = createStepReader(db)
  const trail = createTrailReader(db)
  const group = createGroupReader(db)
  const quarantine = createQuarantineReader(db)
  const threads = createQueryThreads(path)
  const isFirstOfTurn = turnSnapshot(db)
  // All reads of a turn see the same moment, so they have one position.
  let known: Position | null = null
  const look = (): void => {
    if (isFirstOfTurn()) known = null
  }
  const position = (): Position => {
    look()
    known ??= positionOf(checkpoint)
    return known
  }
  const watch = createCheckpointWatch(position)
  /** By this thread where that is little work, else by one that does only this. */
  const hereOrElsewhere =
    <Name extends QuestionName>(name: Name) =>
    (query: QueryOf<Name>): TaskEither<ReadModelBusy, AnswerTo<Name>> =>
    () => {
      const answer = answerers[name](query, SMALL)
      return answer === null ? threads.ask(name, query)() : Promise.resolve(right(answer))
    }
  return {
    getRun: (run_id) => {
      const at = position()
      const values = run.get(run_id) as unknown as StoredRunValues | undefined
      const found = values === undefined ? null : storedRun(...values)
      return {
        position: at,
        run: found,
        quarantine: found !== null && found.quarantined === null ? null : quarantine(run_id),
      }
    },
    runsText: (query) => {
      look()
      return runTexts(query)
    },
    entriesText: (query) => {
      look()
      return entryTexts(query)
    },
    listRuns: hereOrElsewhere('runs'),
    listEntries: hereOrElsewhere('entries'),
    policyStats: hereOrElsewhere('stats'),
    listSteps: (run_id, options) => {
      look()
      return steps.page(run_id, options)
    },
    wholeTrail: (run_id, limit) => {
      look()
      return trail(run_id, limit)
    },
    wholeReplay: (run_id, limit) => {
      look()
      return steps.whole(run_id, limit)
    },
    getGroup: (run_group_id) => {
      look()
      return group(run_group_id)
    },
    position,
    waitFor: watch.waitFor,
    projections: () => (states.all() as unknown as StateValues[]).map((values) => projectionState(db, values)),
    close: async () => {
      watch.close()
      await threads.close()
      if (db.isOpen) db.close()
    },
  }
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
