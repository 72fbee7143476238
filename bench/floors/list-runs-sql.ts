/** The SQL of `GET /runs` by status, newest first, on bare prepared statements. */
import { openForReading } from '../../src/read-model/database.ts'

export type After = Readonly<{ created_at: string; run_id: string }>

export type ListFloor = Readonly<{
  /** The texts of at most `limit` runs, those that come after the run `after`. */
  page: (status: string, limit: number, after: After | null) => readonly string[]
  close: () => void
}>

export const listFloor = (path: string): ListFloor => {
  const opened = openForReading(path)
  if (opened._tag === 'Left') throw new Error(`${path}: ${opened.left._tag}`)
  const db = opened.right
  const first = db.prepare(SELECT('status = ?'))
  const following = db.prepare(SELECT('status = ? AND (created_at, run_id) < (?, ?)'))
  for (const statement of [first, following]) statement.setReturnArrays(true)
  return {
    page: (status, limit, after) => {
      const rows =
        after === null ? first.all(status, limit) : following.all(status, after.created_at, after.run_id, limit)
      return (rows as unknown as [string][]).map(([text]) => text)
    },
    close: () => db.close(),
  }
}

const SELECT = (where: string) => `
  SELECT '{"run_id":"' || run_id || '","run_group_id":' || coalesce('"' || run_group_id || '"', 'null')
    || ',"policy_version_id":"' || policy_version_id || '","status":"' || status || '","result":' || json_quote(result)
    || ',"input_data":' || input_data || ',"run_metadata":' || run_metadata || ',"created_at":"' || created_at
    || '","started_at":' || coalesce('"' || started_at || '"', 'null') || ',"last_updated_at":"' || last_updated_at || '"}'
  FROM runs WHERE ${where} ORDER BY created_at DESC, run_id DESC LIMIT ?`
