/** The runs that cannot be read, as the tables name them. */
import type { DatabaseSync } from 'node:sqlite'
import { QUARANTINE } from '../../../projections/quarantine.ts'
import type { QuarantinedRun } from '../read-model.ts'
import { bound, prepare, queries } from './database.ts'
import { nameIn, type SetName } from './tables.ts'

/** All quarantined runs, by id. */
export const quarantinedRuns = (db: DatabaseSync, set: SetName = 'live'): readonly QuarantinedRun[] => {
  const all = prepare(db, quarantined(set).orderBy('run_id'))
  return (all.all() as unknown as QuarantineValues[]).map(quarantinedRun)
}

/** Looks for one run among them; null where it is not. */
export const createQuarantineReader = (db: DatabaseSync): ((run_id: string) => QuarantinedRun | null) => {
  const one = prepare(db, quarantined('live').where('run_id', '=', bound()))
  return (run_id) => {
    const values = one.get(run_id) as unknown as QuarantineValues | undefined
    return values === undefined ? null : quarantinedRun(values)
  }
}

const quarantined = (set: SetName) =>
  queries.selectFrom(nameIn(set, QUARANTINE) as 'quarantine').select(QUARANTINE_COLUMNS)

const QUARANTINE_COLUMNS = ['run_id', 'revision', 'type', 'detail', 'since'] as const

type QuarantineValues = [run_id: string, revision: number, type: string, detail: string, since: string]

const quarantinedRun = ([run_id, revision, type, detail, since]: QuarantineValues): QuarantinedRun => ({
  run_id,
  revision,
  type,
  detail,
  since,
})
