/** The audit trail of one run, whole: what is asked for most, by one statement. */
import type { DatabaseSync } from 'node:sqlite'
import sql from 'sql-template-tag'
import { CURRENT_RUN } from '../projector/projection.ts'
import type { AuditReads } from '../read-model.ts'
import { prepared } from './database.ts'

/** What is told as one text: it takes a few megabytes at most. */
export const WHOLE = { events: 256, bytesAnEvent: 16_384 } as const

export const createTrailReader = (db: DatabaseSync): AuditReads['wholeTrail'] => {
  const statement = prepared(db, TRAIL.sql)
  return (run_id, limit) => {
    const events = Math.min(limit, WHOLE.events)
    const values = statement.get(CURRENT_RUN, WHOLE.bytesAnEvent, run_id, events + 1) as unknown as Values
    const [position, entries, small, text] = values
    return position === null || text === null || entries > events || small < entries ? null : { position, text }
  }
}

type Values = [position: string | null, entries: number, small: number, text: string | null]

// The subquery's limit keeps its order. A large Entry is left out, and missed in the count.
const TRAIL = sql`
  select (select position from projections where name = ${null}), count(*), count(text), group_concat(text, ',')
  from (select case when octet_length(entry_texts.entry) <= ${null} then entry_texts.entry end as text
    from entries cross join entry_texts on entry_texts.position = entries.position
    where entries.run_id = ${null} order by entries.revision limit 0 + ${null})`
