/** What differs between two states of a run. The audit trail is made with it, and the pages compare moments with it. */
import { escapeToken } from '../src/lib/json-pointer.ts'
import { isJsonObject, type Json, type JsonObject } from '../src/run/json.ts'
import type { Run } from '../src/run/run.ts'

/** `path` is a JSON Pointer (RFC 6901) into the Run. `from` is absent where it did not exist, `to` where it was removed. */
export type Change = Readonly<{ path: string; from?: Json; to?: Json }>

// In the order of a Run's fields. `last_updated_at` is left out: every event moves it.
const FIELDS = [
  'run_id',
  'run_group_id',
  'policy_version_id',
  'status',
  'result',
  'input_data',
  'run_metadata',
  'created_at',
  'started_at',
] as const satisfies readonly (keyof Run)[]

/**
 * What differs, in the order of the Run's fields; inside an object the keys that were there before come first, each in
 * its document's order. A changed array is one change, and so is whatever had no counterpart: a new Run's whole field.
 */
export const changesOf = (before: Run | null, after: Run): readonly Change[] => {
  if (before === null) return FIELDS.map((field) => ({ path: `/${field}`, to: after[field] }))
  const changes: Change[] = []
  for (const field of FIELDS)
    if (before[field] !== after[field]) compare(`/${field}`, before[field], after[field], changes)
  return changes
}

const compare = (path: string, from: Json, to: Json, changes: Change[]): void => {
  if (isJsonObject(from) && isJsonObject(to)) compareObjects(path, from, to, changes)
  else if (!isSame(from, to)) changes.push({ path, from, to })
}

const compareObjects = (path: string, from: JsonObject, to: JsonObject, changes: Change[]): void => {
  for (const key of Object.keys(from)) {
    const inside = `${path}/${escapeToken(key)}`
    if (Object.hasOwn(to, key)) compare(inside, own(from, key), own(to, key), changes)
    else changes.push({ path: inside, from: own(from, key) })
  }
  for (const key of Object.keys(to))
    if (!Object.hasOwn(from, key)) changes.push({ path: `${path}/${escapeToken(key)}`, to: own(to, key) })
}

/** Whether both are the same JSON: the order of an object's keys says nothing. */
const isSame = (a: Json, b: Json): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(own(a, key), own(b, key)))
  )
}

const own = (value: object, key: string): Json => (value as Record<string, Json>)[key] as Json
