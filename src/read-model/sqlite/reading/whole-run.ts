/**
 * The trail and the replay of a run from its beginning, each as one text that one statement joins: nearly all runs are asked for
 * like this, and a row for each event takes SQLite and V8 half as long again.
 */
import type { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { MAX_PAGE_CHARACTERS } from '../../queries/keyset-pagination.ts'
import type { EntryKey, StepPage, TrailPage } from '../../read-model.ts'
import { prepared } from '../database.ts'
import { resultJson, runTextAround, startedJson } from './run-columns.ts'
import { fixed, PARAMETER } from './statements.ts'

/** Each is null where the run has more events than a page or `MOST`, where one is large, or where something has to be folded. */
export type WholeRunReader = Readonly<{
  trail: (
    run_id: string,
    options: Readonly<{ after?: EntryKey | undefined; limit: number }>,
  ) => Omit<TrailPage, 'position'> | null
  steps: (
    run_id: string,
    options: Readonly<{ from: number; limit: number }>,
  ) => Pick<StepPage, 'exists' | 'text' | 'next'> | null
}>

export const createWholeRunReader = (db: DatabaseSync): WholeRunReader => {
  const trail = prepared(db, TRAIL().sql)
  const replay = prepared(db, STEPS().sql)
  return {
    trail: (run_id, { after, limit }) => {
      if (after !== undefined) return null
      const most = Math.min(limit, MOST)
      const [entries, small, text] = trail.get(run_id, most + 1) as unknown as TrailValues
      return text === null || entries > most || small < entries ? null : { text, next: null }
    },
    steps: (run_id, { from, limit }) => {
      if (from > 0) return null
      const most = Math.min(limit, MOST)
      const [versions, known, texts, metadata] = replay.get(run_id, most + 1) as unknown as StepsValues
      if (texts === null || metadata === null || versions > most || known < versions) return null
      const text = filled(texts.split('\n'), metadata.split('\n'))
      return text.length > MAX_PAGE_CHARACTERS ? null : { exists: true, text, next: null }
    },
  }
}

/** The metadata of each step, or of the last one before that has any, between the parts of the text. */
const filled = ([first = '', ...parts]: readonly string[], metadata: readonly string[]): string => {
  let text = first
  let current = ''
  for (const [index, part] of parts.entries()) {
    current = metadata[index] || current
    text += current + part
  }
  return text
}

// A few megabytes at most.
const MOST = 256
const LARGE_BYTES = 16_384

type TrailValues = [entries: number, small: number, text: string | null]
type StepsValues = [versions: number, known: number, steps: string | null, metadata: string | null]

// The limit keeps the order of the subquery.
const TRAIL = fixed(sql`select count(*), count(text), group_concat(text, ',') from (
  select case when octet_length(entry) <= ${sql.lit(LARGE_BYTES)} then entry end as text
  from entries cross join entry_texts on entry_texts.position = entries.position
  where entries.run_id = ${PARAMETER} order by entries.revision limit 0 + ${PARAMETER})`)

const RUN = runTextAround({
  status: sql.raw('version.status'),
  result: resultJson('version'),
  started_at: startedJson('version'),
  last_updated_at: sql.raw('version.occurred_at'),
})

// A line break is where the metadata belongs: JSON as the tables hold it has none.
const STEPS = fixed(sql`select count(*), count(step), group_concat(step, ','), group_concat(metadata, char(10)) from (
  select case when octet_length(entry) + octet_length(runs.input_data) <= ${sql.lit(LARGE_BYTES)}
      and version.status is not null and version.metadata_kept is not 0
      then concat('{"revision":', version.revision, ',"entry":', entry, ',"run":', ${RUN.before}, char(10), ${RUN.after}, '}')
    end as step,
    coalesce(entry_texts.run_metadata, '') as metadata
  from runs cross join entries as version on version.run_id = runs.run_id
    cross join entry_texts on entry_texts.position = version.position
  where runs.run_id = ${PARAMETER} order by version.revision limit 0 + ${PARAMETER})`)
