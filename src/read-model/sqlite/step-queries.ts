/** Replay: the steps of one run, each with the event's Entry and the Run after it. */
import type { DatabaseSync } from 'node:sqlite'
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { isTerminal } from '../../run/terminal-status.ts'
import { MAX_PAGE_CHARACTERS } from '../queries/keyset-pagination.ts'
import type { StepPage, StoredStep } from '../read-model.ts'
import { QUARANTINE_COLUMNS, type QuarantineValues, quarantinedRun } from './quarantine.ts'
import { damage } from './read-failure.ts'
import { RESULT_JSON, runText, STARTED_JSON } from './run-columns.ts'
import { createStatementPool, type StatementPool } from './statement-pool.ts'
import { metadataOfVersion, patchedBy } from './version-metadata.ts'

/** The steps from revision `from` on, in the caller's transaction. */
export type StepReader = (
  run_id: string,
  options: Readonly<{ from: number; limit: number }>,
) => Omit<StepPage, 'position'>

export const createStepReader = (db: DatabaseSync): StepReader => {
  const pool = createStatementPool(db)
  return (run_id, { from, limit }) => {
    const { texts, quarantine } = standingOf(pool, run_id)
    const { steps, next } = stepsFrom(pool, texts, run_id, from, limit)
    const exists = steps.length > 0 || pool.first(ANY, [run_id]) !== undefined
    return { exists, steps, next, quarantine }
  }
}

/** What stands in the texts of all a run's steps, and where: around status, result, metadata and times. */
type RunTexts = Readonly<{ pieces: readonly string[]; result: string; started_at: string }>

type Standing = Pick<StepPage, 'quarantine'> & Readonly<{ texts: RunTexts | null }>

type StandingValues = [run: string | null, result: string, started_at: string, ...QuarantineValues]

const standingOf = (pool: StatementPool, run_id: string): Standing => {
  const values = pool.first<StandingValues>(STANDING, [run_id, run_id])
  if (values === undefined) throw damage('a query without a condition has no row')
  const [run, result, started_at, ...quarantine] = values
  return {
    texts: run === null ? null : { pieces: run.split(MARK), result, started_at },
    quarantine: quarantine[0] === null ? null : quarantinedRun(quarantine),
  }
}

/** `status` is null where the run cannot be read as far as this. */
type Row = [
  revision: number,
  entry: string,
  metadata_kept: number | null,
  run_metadata: string | null,
  status: string | null,
  occurred_at: string,
]

const stepsFrom = (
  pool: StatementPool,
  texts: RunTexts | null,
  run_id: string,
  from: number,
  limit: number,
): Pick<StepPage, 'steps' | 'next'> => {
  const steps: StoredStep[] = []
  let metadata: string | null = null
  let characters = 0
  for (const row of pool.iterate<Row>(STEPS, [run_id, from, limit + 1])) {
    const [revision, entryText, , , status] = row
    if (steps.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { steps, next: revision }
    if (status === null || texts === null) steps.push({ revision, entryText, runText: null })
    else {
      metadata = metadataAfter(pool, run_id, row, metadata)
      const runText = runAt(texts, row, metadata)
      steps.push({ revision, entryText, runText })
      characters += runText.length
    }
    characters += entryText.length
  }
  return { steps, next: null }
}

/** Carried on from step to step, so that what is left out between kept ones is folded once. */
const metadataAfter = (
  pool: StatementPool,
  run_id: string,
  [revision, entry, kept, run_metadata]: Row,
  metadata: string | null,
): string => {
  if (run_metadata !== null) return run_metadata
  if (metadata === null) return metadataOfVersion(pool, run_id, revision)
  return kept === null ? metadata : patchedBy(metadata, [entry])
}

const runAt = (
  { pieces, result, started_at }: RunTexts,
  [revision, , , , status, occurred_at]: Row,
  metadata: string,
): string =>
  pieces[0] +
  `${status}${pieces[1]}${status !== null && isTerminal(status) ? result : 'null'}${pieces[2]}${metadata}` +
  // Nothing but RunStarted can follow RunCreated and lead on.
  `${pieces[3]}${revision > 0 ? started_at : 'null'}${pieces[4]}${occurred_at}${pieces[5]}`

// Where a piece of a Run's text is to stand. JSON as the tables hold it has no line breaks.
const MARK = '\n'
const HERE = sql`char(10)`
const MARKED = runText({ status: HERE, result: HERE, run_metadata: HERE, started_at: HERE, last_updated_at: HERE })

const STANDING: Sql = sql`
  select ${MARKED}, ${RESULT_JSON}, ${STARTED_JSON},
    ${join(QUARANTINE_COLUMNS.map((column) => raw(`quarantine.${column}`)))}
  from (select 1) left join runs on runs.run_id = ${null} left join quarantine on quarantine.run_id = ${null}`

const STEPS: Sql = sql`
  select version.revision, entry_texts.entry, version.metadata_kept, entry_texts.run_metadata, version.status, version.occurred_at
  from entries as version cross join entry_texts on entry_texts.position = version.position
  where version.run_id = ${null} and version.revision >= ${null}
  order by version.revision limit 0 + ${null}`

const ANY: Sql = sql`select 1 from entries where run_id = ${null} limit 1`
