import { expect, test } from 'vitest'
import { timeOption } from '../../../src/cli/options/time-option.ts'

const NOW = Date.parse('2026-05-08T12:00:00.000Z')

test.each([
  ['2026-05-04', '2026-05-04T00:00:00.000Z'],
  ['2026-05-04T10:00:00+02:00', '2026-05-04T08:00:00.000Z'],
  ['7d', '2026-05-01T12:00:00.000Z'],
  ['2w', '2026-04-24T12:00:00.000Z'],
  ['90m', '2026-05-08T10:30:00.000Z'],
  ['12h', '2026-05-08T00:00:00.000Z'],
  ['0s', '2026-05-08T12:00:00.000Z'],
])('%s is %s', (text, time) => expect(timeOption('--since', text, NOW)).toMatchObject({ right: time }))

test.each(['7', '7y', 'd', '-7d', '1.5h', '2026-02-30', '2026-5-4', '26-05-04', '999999w', 'noon', ''])(
  '%j is refused by the name of its flag',
  (text) =>
    expect(timeOption('--since', text, NOW)).toMatchObject({
      left: { detail: expect.stringMatching(/^--since must be an RFC 3339 time.* or 7d$/) },
    }),
)
