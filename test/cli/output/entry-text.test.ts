import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Entry, entryOf } from '../../../projections/audit-entry.ts'
import type { Transition } from '../../../projections/current-run.ts'
import { follow } from '../../../projections/follow.ts'
import { historyLine, stepLines, trailLine } from '../../../src/cli/output/entry-text.ts'
import { shown } from '../../../src/cli/output/output.ts'
import { encode } from '../../../src/run/event-codec.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import { at, changed, completed, created, started } from '../../support/run-builders.ts'

const entriesOf = (...events: readonly RunEvent[]): readonly Entry[] => {
  let before: Transition['after'] | null = null
  return events.map((event, revision) => {
    const placed = {
      event_id: `e${revision}`,
      stream: 'run-1',
      revision,
      position: `${revision + 1}`.padStart(20, '0'),
    }
    const stored = { ...placed, recorded_at: event.data.occurred_at, ...encode(event) }
    const followed = follow(before, revision - 1, stored)
    if (followed._tag === 'Right') before = followed.right.after
    return entryOf(stored, followed._tag === 'Right' ? followed.right : null)
  })
}

const plainly = (text: string): string => stripVTControlCharacters(text)
const words = (text: string): string => plainly(text).trim().replaceAll(/ {2,}/g, ' | ')

const entries = entriesOf(
  created({ run_group_id: 'day-1', input_data: { amount: 12 }, run_metadata: { desk: 'a', 'b/c': 1 } }),
  started(),
  changed({ run_metadata: { desk: null, score: 640 }, reason: 'looked twice' }),
  completed({ result: 'APPROVED' }),
)

test('a line of a history says when, what, by whom and what it came to', () => {
  expect(entries.map((entry) => words(historyLine(entry)))).toEqual([
    `0 | ${at(0)} | RunCreated | alice | run_group_id day-1, policy_version_id policy-7, status PENDING, input_data {"amount":12}, run_metadata {"desk":"a","b/c":1}`,
    `1 | ${at(1)} | RunStarted | alice | status STARTED`,
    `2 | ${at(2)} | RunStatusChanged | alice | status IN_REVIEW, run_metadata/desk removed, run_metadata/score 640 | “looked twice”`,
    `3 | ${at(3)} | RunCompleted | alice | status SUCCESS, result APPROVED`,
  ])
})

test('a line of the trail of all runs begins with its position and names the run and its revision', () =>
  expect(words(trailLine(entries[3] as Entry))).toBe(
    `4 | ${at(3)} | run-1 3 | RunCompleted | alice | status SUCCESS, result APPROVED`,
  ))

test('a step of a replay has a line for each path that came, changed or went', () =>
  expect(stepLines(entries[2] as Entry).map(words)).toEqual([
    `revision 2 | RunStatusChanged | ${at(2)} | by alice | “looked twice”`,
    '~ /status | "STARTED" → "IN_REVIEW"',
    '- /run_metadata/desk | "a"',
    '+ /run_metadata/score | 640',
  ]))

test('an event that the ledger learnt of much later says when', () => {
  const entry = { ...(entries[1] as Entry), recorded_at: at(500) }
  expect(plainly(historyLine(entry))).toContain(`(recorded ${at(500)})`)
})

test('an event that cannot be read has its line all the same', () => {
  const entry = { ...(entries[1] as Entry), changes: null, actor: null, occurred_at: null }
  expect(words(historyLine(entry))).toBe('1 | unknown | RunStarted | ? | the run cannot be read as far as this')
})

test('a long value is cut, so that a line stays one', () => {
  const [entry] = entriesOf(created({ input_data: { text: 'x'.repeat(5_000) } }))
  expect(historyLine(entry as Entry).length).toBeLessThan(300)
})

describe('what would take over a terminal is shown, not obeyed', () => {
  test.each([
    ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
    ['a line break', 'a\nb', 'a\\u000ab'],
    ['a C1 control', '\u009b31m', '\\u009b31m'],
    ['writing turned round', 'a\u202eb', 'a\\u202eb'],
  ])('%s', (_what, text, expected) => expect(shown(text)).toBe(expected))

  test('wherever it stands in an event', () => {
    const [entry] = entriesOf(created({ reason: '\u001b]0;owned\u0007', run_metadata: { '\u001b[31m': '\u009b1m' } }))
    const lines = [historyLine(entry as Entry), trailLine(entry as Entry), ...stepLines(entry as Entry)]
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    for (const line of lines) expect(line.replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })
})
