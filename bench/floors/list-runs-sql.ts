/** The SQL that the read model runs for `GET /runs` by status, newest first, on bare prepared statements. */
import type { CompiledQuery } from 'kysely'
import { openForReading } from '../../src/read-model/database.ts'
import type { SortKey } from '../../src/read-model/read-model.ts'
import { type Path, runsOn } from '../../src/read-model/run-statements.ts'

export type ListFloorOptions = Readonly<{
  readModel: string
  status: string
  limit: number
  /** Where the page before the deep one ended. */
  after: SortKey
}>

export type ListFloor = Readonly<{
  /** The texts of its runs. */
  firstPage: () => readonly string[]
  deepPage: () => readonly string[]
  close: () => void
}>

export const listFloor = ({ readModel, status, limit, after }: ListFloorOptions): ListFloor => {
  const opened = openForReading(readModel)
  if (opened._tag === 'Left') throw new Error(`${readModel}: ${opened.left._tag}`)
  const db = opened.right
  const path: Path = {
    driver: { kind: 'equality', column: 'status', values: [status] },
    tests: [],
    sort: '-created_at',
  }
  const textsOf = ({ sql, parameters }: CompiledQuery) => {
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    return () => {
      const rows = statement.all(...(parameters as (string | number)[])) as unknown as Row[]
      return rows.map(([, , text]) => text)
    }
  }
  return {
    firstPage: textsOf(runsOn(path, {}, limit)),
    deepPage: textsOf(runsOn(path, { after: { value: after.value, tie: after.run_id } }, limit)),
    close: () => db.close(),
  }
}

type Row = readonly [created_at: string, run_id: string, text: string]
