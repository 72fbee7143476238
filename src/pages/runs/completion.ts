/** What a name under the caret of a search may become. */
import type { Run } from '../../client/client.ts'
import { SEARCH_FIELDS } from '../../search/fields.ts'

/** `from`: where in the text the name begins that they complete. */
export type Completions = Readonly<{ from: number; names: readonly string[] }>

const MOST = 12
const NAME = /[A-Za-z_][\w.]*$/

/** The names that begin as the one before `caret` does; none inside a string, or where no name stands. */
export const completionsAt = (text: string, caret: number, names: readonly string[]): Completions => {
  const before = text.slice(0, caret)
  const word = isInString(before) ? undefined : NAME.exec(before)?.[0]
  if (word === undefined) return { from: caret, names: [] }
  return {
    from: caret - word.length,
    names: names.filter((name) => name.startsWith(word) && name !== word).slice(0, MOST),
  }
}

const isInString = (before: string): boolean => before.replace(/\\./g, '').split('"').length % 2 === 0

/** The fields, and the paths to what is inside the JSON of `runs`, by name. */
export const namesIn = (runs: readonly Run[]): readonly string[] => {
  const names = new Set<string>(Object.keys(SEARCH_FIELDS))
  for (const { input_data, run_metadata } of runs) {
    addPaths(names, 'input', input_data, DEEPEST)
    addPaths(names, 'metadata', run_metadata, DEEPEST)
  }
  return [...names].sort()
}

const DEEPEST = 3

/** Keys that are no names are written in brackets, which nobody completes. */
const addPaths = (names: Set<string>, path: string, value: unknown, depth: number): void => {
  if (depth === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, inner] of Object.entries(value)) {
    if (!/^[A-Za-z_]\w*$/.test(key)) continue
    names.add(`${path}.${key}`)
    addPaths(names, `${path}.${key}`, inner, depth - 1)
  }
}
