/** The audit trail of one run from its beginning, by a statement prepared once: what `listEntries` is asked for most. */
import type { DatabaseSync } from 'node:sqlite'
import { positionText } from '../../../event-store/event-store.ts'
import type { EntryPage, EntryQuery, StoredEntry } from '../../read-model.ts'
import { prepared } from '../database.ts'

type Trail = Omit<EntryPage, 'position'>

/** The page of a query for one run; null where other filters or a cursor are given, where it is long, or an Entry is large. */
export const createTrailReader = (db: DatabaseSync): ((query: EntryQuery) => Trail | null) => {
  const statement = prepared(db, TRAIL)
  return (query) => {
    const run_id = onlyRunOf(query)
    if (run_id === null) return null
    const rows = statement.all(run_id, MOST + 1) as unknown as readonly Values[]
    if (rows.length > Math.min(MOST, query.limit)) return null
    const entries: StoredEntry[] = []
    for (const [position, type, text] of rows) {
      if (text === null) return null
      entries.push({ position: positionText(position), type, text })
    }
    return { entries, next: null }
  }
}

/** A few megabytes at most. */
const MOST = 256
const LARGE_ENTRY_BYTES = 16_384

type Values = [position: number, type: string, text: string | null]

const TRAIL = `SELECT entries.position, entries.type, CASE WHEN octet_length(entry) <= ${LARGE_ENTRY_BYTES} THEN entry END
  FROM entries CROSS JOIN entry_texts ON entry_texts.position = entries.position
  WHERE entries.run_id = ? ORDER BY entries.revision LIMIT 0 + ?`

const onlyRunOf = ({ run_id, sort, limit: _, ...others }: EntryQuery): string | null => {
  if (sort !== 'position' || run_id?.length !== 1 || run_id[0] === undefined) return null
  for (const other of Object.values(others)) if (other !== undefined) return null
  return run_id[0]
}
