/** Damage to a log as a failing disk does it, where a test needs a certain one. */
import { DatabaseSync } from 'node:sqlite'

const INDEX = 'sqlite_autoindex_events_1'
const GUARD = `CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END`

/** In the log's unique index the event at `position` gets the name of another stream; its table stays as it is. */
export const misplaceInIndex = (path: string, position: number, stream = 'nowhere'): void => {
  const { schema, event } = withSchema(path, (db) => {
    db.exec('DROP TRIGGER events_are_never_removed')
    const row = db.prepare('SELECT * FROM events WHERE position = ?').get(position) ?? {}
    db.prepare('DELETE FROM events WHERE position = ?').run(position)
    const values = Object.values({ ...row, stream })
    db.prepare(`INSERT INTO events VALUES (${values.map(() => '?').join(', ')})`).run(...values)
    const before = db
      .prepare(`SELECT name, rootpage, sql FROM sqlite_schema WHERE name IN ('events', '${INDEX}')`)
      .all()
    // From here on the table has no index.
    db.exec(`DELETE FROM sqlite_schema WHERE name = '${INDEX}'; DROP TRIGGER IF EXISTS events_are_never_changed`)
    db.exec(
      "UPDATE sqlite_schema SET sql = replace(sql, 'UNIQUE (stream, revision)', 'CHECK (1)') WHERE name = 'events'",
    )
    return { schema: before, event: row }
  })
  withSchema(path, (db) => {
    db.prepare('UPDATE events SET stream = ? WHERE position = ?').run(event['stream'] ?? null, position)
    for (const { name, rootpage, sql } of schema) {
      if (name === INDEX)
        db.prepare("INSERT INTO sqlite_schema VALUES ('index', ?, 'events', ?, NULL)").run(INDEX, rootpage ?? null)
      else db.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'events'").run(sql ?? null)
    }
  })
  withSchema(path, (db) => db.exec(GUARD))
}

/** `work` on a schema that it may write, and that other connections then read again. */
const withSchema = <Result>(path: string, work: (db: DatabaseSync) => Result): Result => {
  const db = new DatabaseSync(path, { timeout: 5_000, defensive: false })
  db.exec('PRAGMA writable_schema = ON')
  const result = work(db)
  const version = Number(db.prepare('PRAGMA schema_version').get()?.['schema_version'])
  db.exec(`PRAGMA schema_version = ${version + 1}`)
  db.close()
  return result
}
