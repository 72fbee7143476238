/** Columns of a list: paths into its items, such as `run_id` or `input_data.amount_requested`. */
import * as E from 'fp-ts/lib/Either.js'
import { type UsageFailure, usageFailure } from '../../config.ts'
import { isJsonObject, type Json } from '../../run/json.ts'

/** What may be shown of the items of one list. */
export type Columns = Readonly<{
  /** The fields of an item. */
  fields: readonly string[]
  /** Shown where `--columns` is not given. */
  usual: readonly string[]
  /** Other names of fields. */
  short?: Readonly<Record<string, string>>
}>

/** The paths that `--columns` names. UsageFailure for a field that the items do not have. */
export const columnsOf = (
  { fields, usual, short = {} }: Columns,
  text: string | undefined,
): E.Either<UsageFailure, readonly string[]> => {
  if (text === undefined) return E.right(usual)
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !fields.includes(fieldOf(name, short)))
  return unknown === undefined
    ? E.right(names.map((name) => fieldOf(name, short) + name.slice(firstOf(name).length)))
    : E.left(
        usageFailure(`--columns has no ${unknown === '' ? 'empty column' : unknown}: there are ${fields.join(', ')}`),
      )
}

const firstOf = (path: string): string => path.split('.', 1)[0] ?? ''

const fieldOf = (path: string, short: Readonly<Record<string, string>>): string => {
  const first = firstOf(path)
  return Object.hasOwn(short, first) ? (short[first] as string) : first
}

/** What `item` has at `path`; undefined where there is nothing. A key may have dots in it. */
export const valueAt = (item: Json, path: string): Json | undefined => {
  if (Array.isArray(item)) return valueAt({ ...item } as Json, path)
  if (!isJsonObject(item)) return undefined
  if (Object.hasOwn(item, path)) return item[path]
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const key = path.slice(0, dot)
    if (Object.hasOwn(item, key)) return valueAt(item[key] as Json, path.slice(dot + 1))
  }
  return undefined
}
