/** Entries as a person reads them: a line each, or each change on a line of its own. In colour on a terminal only. */
import { styleText } from 'node:util'
import type { Entry } from '../../../projections/audit-entry.ts'
import type { Change } from '../../../projections/changes.ts'
import type { Json } from '../../run/json.ts'
import { msOf } from '../../run/time.ts'
import { shown } from './output.ts'

export type Painted = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow'

/** Plain where standard output is no terminal, and where NO_COLOR is set. */
export const painted = (style: Painted, text: string): string => styleText(style, text)

export const HISTORY_HEADER = painted(
  'dim',
  ' rev  occurred                  event             actor             what changed',
)

/** A line of one run's history. */
export const historyLine = (entry: Entry): string =>
  [painted('bold', String(entry.revision).padStart(4)), ...cellsOf(entry)].join('  ')

export const TRAIL_HEADER = painted(
  'dim',
  '    pos  occurred                  run, revision         event             actor             what changed',
)

/** A line of the audit trail of all runs; it begins with the position, to go on from. */
export const trailLine = (entry: Entry): string =>
  [
    painted('dim', entry.position.replace(/^0+(?=\d)/, '').padStart(7)),
    ...cellsOf(entry).toSpliced(1, 0, painted('bold', `${shown(entry.run_id)} ${entry.revision}`.padEnd(20))),
  ].join('  ')

const cellsOf = (entry: Entry): readonly string[] => [
  (entry.occurred_at ?? 'unknown').padEnd(24),
  painted('cyan', shown(entry.type).padEnd(16)),
  shown(entry.actor ?? '?').padEnd(16),
  [summaryOf(entry), ...remarksOn(entry)].join('  '),
]

/** The lines of one step of a replay: who, when and why, then each change. */
export const stepLines = (entry: Entry): readonly string[] => {
  const { revision, type, occurred_at, actor, changes } = entry
  const head = [
    painted('bold', `revision ${revision}`),
    painted('cyan', shown(type)),
    occurred_at ?? 'unknown',
    `by ${shown(actor ?? '?')}`,
    ...remarksOn(entry),
  ].join('  ')
  if (changes === null) return [head, `  ${UNREADABLE}`]
  if (changes.length === 0) return [head, painted('dim', '  nothing but the time of the last event')]
  const width = Math.min(MAX_PATH, Math.max(...changes.map(({ path }) => path.length)))
  return [head, ...changes.map((change) => `  ${changeLine(change, width)}`)]
}

const UNREADABLE = painted('red', 'the run cannot be read as far as this')
const MAX_PATH = 40
const MAX_VALUE = 60

/** `+` what came, `-` what went, `~` what changed; paths are padded to `width`. */
export const changeLine = ({ path, from, to }: Change, width: number): string => {
  const name = shown(path).padEnd(width)
  if (from === undefined) return painted('green', `+ ${name}  ${valueText(to)}`)
  if (to === undefined) return painted('red', `- ${name}  ${valueText(from)}`)
  return painted('yellow', `~ ${name}  ${valueText(from)} → ${valueText(to)}`)
}

/** What the changes come to, on one line. */
const summaryOf = ({ changes }: Entry): string => {
  if (changes === null) return UNREADABLE
  const telling = changes.filter((change) => !UNTOLD.has(change.path) && !isEmptyFromTheStart(change))
  return telling.map(({ path, to }) => `${shown(path.slice(1))} ${to === undefined ? 'removed' : plain(to)}`).join(', ')
}

// Shown in other columns.
const UNTOLD: ReadonlySet<string> = new Set(['/run_id', '/created_at', '/started_at'])

const isEmptyFromTheStart = ({ from, to }: Change): boolean =>
  from === undefined && (to === null || JSON.stringify(to) === '{}')

/** Why, and when it was recorded where that was later. */
const remarksOn = ({ reason, occurred_at, recorded_at }: Entry): readonly string[] => [
  ...(reason === null ? [] : [`“${shown(reason)}”`]),
  ...(occurred_at !== null && msOf(recorded_at) - msOf(occurred_at) > LATE_MS
    ? [painted('dim', `(recorded ${recorded_at})`)]
    : []),
]

const LATE_MS = 60_000

const plain = (value: Json): string => (typeof value === 'string' ? clipped(shown(value)) : valueText(value))

const valueText = (value: Json | undefined): string => clipped(shown(JSON.stringify(value) ?? ''))

const clipped = (text: string): string => (text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`)
