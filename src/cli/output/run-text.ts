/** A Run as a person reads it: a line for each field, and for each value inside its JSON. */
import { RunAnswer } from '../../api/answers.ts'
import { isJsonObject, type Json } from '../../run/json.ts'
import type { Columns } from './columns.ts'
import { painted } from './entry-text.ts'
import type { Format } from './format.ts'
import { formOf } from './item-forms.ts'
import { say, sayText, shown } from './output.ts'

const FIELDS: readonly string[] = Object.keys(RunAnswer.shape)

/** The columns of lists of runs. The short names are those of `q`. */
export const RUN_COLUMNS: Columns = {
  fields: FIELDS,
  usual: ['run_id', 'status', 'result', 'policy_version_id', 'run_group_id', 'created_at', 'last_updated_at'],
  short: { input: 'input_data', metadata: 'run_metadata' },
}

/** Prints `run` as JSON over many lines, under the revision that it was at. */
export const sayRun = (run: RunAnswer, revision: number): void => {
  say(painted('bold', `\nthe run after revision ${revision}`))
  for (const line of JSON.stringify(run, null, 2).split('\n')) say(shown(line))
}

/** Prints `run`; `columns` are those of CSV, all fields where null. */
export const printRun = (run: RunAnswer, format: Format, columns: readonly string[] | null): void => {
  if (format === 'json' || format === 'ndjson') say(JSON.stringify(run))
  else if (format === 'csv') {
    const { begin, rows } = formOf('csv', columns ?? FIELDS)
    sayText(begin + rows([run as Json], true))
  } else for (const line of runLines(run)) say(line)
}

const runLines = (run: RunAnswer): readonly string[] => {
  const leaves = leavesOf('', run as Json)
  const width = Math.min(MAX_PATH, Math.max(...leaves.map(([path]) => path.length)))
  return leaves.map(([path, value]) => `${painted('dim', shown(path).padEnd(width))}  ${shown(plain(value))}`)
}

const MAX_PATH = 48

const plain = (value: Json): string =>
  value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value)

/** Objects are opened, lists are not. */
const leavesOf = (path: string, value: Json): readonly (readonly [path: string, value: Json])[] =>
  isJsonObject(value) && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, member]) => leavesOf(path === '' ? key : `${path}.${key}`, member))
    : [[path, value]]
