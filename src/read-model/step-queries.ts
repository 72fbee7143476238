/** Replay: the steps of one run, each with the event's Entry and the Run after it. */
import type { DatabaseSync } from 'node:sqlite'
import { type CompiledQuery, sql } from 'kysely'
import { checkpointPosition, positionOf } from './checkpoint.ts'
import { prepare, queries } from './database.ts'
import { MAX_PAGE_CHARACTERS } from './list-engine.ts'
import { pastColumns } from './past-predicates.ts'
import { QUARANTINE_COLUMNS, type QuarantineValues, quarantinedRun } from './quarantine.ts'
import type { AuditReads, StepPage, StoredStep } from './read-model.ts'
import { runText } from './run-columns.ts'
import { createStatementPool, type StatementPool } from './statement-pool.ts'
import { inSnapshot } from './turn-snapshot.ts'
import { metadataOfVersion, patchedBy } from './version-metadata.ts'

/** See `AuditReads`. */
export type StepLister = (...args: Parameters<AuditReads['listSteps']>) => StepPage

export const createStepLister = (db: DatabaseSync): StepLister => {
  const pool = createStatementPool(db)
  const position = prepare(db, checkpointPosition())
  return inSnapshot(db, (run_id, { from, limit }) => {
    const at = positionOf(position)
    const quarantine = pool.first<QuarantineValues>({ ...QUARANTINE, parameters: [run_id] })
    const exists = pool.first({ ...ANY, parameters: [run_id] }) !== undefined
    return {
      position: at,
      exists,
      ...stepsFrom(pool, run_id, from, limit),
      quarantine: quarantine === undefined ? null : quarantinedRun(quarantine),
    }
  })
}

type Row = [revision: number, entry: string, kept: string | null, run: string | null]

const stepsFrom = (
  pool: StatementPool,
  run_id: string,
  from: number,
  limit: number,
): Pick<StepPage, 'steps' | 'next'> => {
  const steps: StoredStep[] = []
  let metadata: string | null = null
  let characters = 0
  for (const row of pool.iterate<Row>({ ...STEPS, parameters: [run_id, from, limit + 1] })) {
    const [revision, entryText, , run] = row
    if (steps.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { steps, next: revision }
    if (run === null) steps.push({ revision, entryText, runText: null })
    else {
      metadata = metadataAfter(pool, run_id, row, metadata)
      const [before, after] = run.split(MARK) as [string, string]
      const runText = before + metadata + after
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
  [revision, entry, kept]: Row,
  metadata: string | null,
): string => {
  if (kept !== null && kept !== '') return kept
  if (metadata === null) return metadataOfVersion(pool, run_id, revision)
  return kept === null ? metadata : patchedBy(metadata, entry)
}

// Where a Run's metadata are to stand in its text. JSON as the tables hold it has no line breaks.
const MARK = '\n'
const TEXT = runText({ ...pastColumns(0), run_metadata: sql`char(10)` })

const STEPS: CompiledQuery = sql`
  select version.revision, entry_texts.entry, version.run_metadata, ${TEXT}
  from run_versions as version
    cross join entry_texts on entry_texts.position = version.position
    left join runs on runs.run_id = version.run_id
  where version.run_id = ${null} and version.revision >= ${null}
  order by version.revision limit ${null}`.compile(queries)

const ANY: CompiledQuery = sql`select 1 from run_versions where run_id = ${null} limit 1`.compile(queries)

const QUARANTINE: CompiledQuery = queries
  .selectFrom('quarantine')
  .select(QUARANTINE_COLUMNS)
  .where('run_id', '=', null as never)
  .compile()
