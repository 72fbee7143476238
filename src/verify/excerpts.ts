/** What differs between two values of a column. */
import type { ColumnDifference } from './findings.ts'

type Value = string | number | null | undefined

/** Of long texts only what is around the first difference. */
export const differenceOf = (column: string, readModel: Value, log: Value): ColumnDifference => {
  const [mine, theirs] = [textOf(readModel), textOf(log)]
  if ((mine?.length ?? 0) <= EXCERPT && (theirs?.length ?? 0) <= EXCERPT)
    return { column, read_model: mine, log: theirs }
  let at = 0
  while (mine?.[at] !== undefined && mine[at] === theirs?.[at]) at += 1
  const from = Math.max(0, at - EXCERPT / 4)
  const cut = (text: string | null) => text?.slice(from, from + EXCERPT) ?? null
  return { column, read_model: cut(mine), log: cut(theirs) }
}

const EXCERPT = 200

const textOf = (value: Value): string | null => (value === null || value === undefined ? null : String(value))
