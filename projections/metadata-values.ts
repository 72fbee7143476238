/** The top-level keys of a run's metadata and their values, as filters by `metadata[<key>]=<value>` find them. */
import { createHash } from 'node:crypto'
import type { Json, JsonObject } from '../src/run/json.ts'

/**
 * The keys whose value is a scalar, each with the value's text: a string as it is, other scalars as JSON. Objects and arrays
 * are not found.
 */
export const metadataTexts = (metadata: JsonObject): readonly (readonly [key: string, text: string])[] => {
  const texts: (readonly [string, string])[] = []
  for (const key of Object.keys(metadata)) {
    const text = textOf(metadata[key] as Json)
    if (text !== null) texts.push([indexable(key), indexable(text)])
  }
  return texts
}

const textOf = (value: Json): string | null => {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? null : JSON.stringify(value)
}

const LONGEST_INDEXED = 200

/** `text` as it is indexed: a long one is cut and followed by its hash, a form that no short one can have. */
export const indexable = (text: string): string =>
  text.length <= LONGEST_INDEXED
    ? text
    : `${text.slice(0, LONGEST_INDEXED)}${createHash('sha256').update(text).digest('hex')}`
