import { expect, test } from 'vitest'
import { runPlanOf } from '../../../src/read-model/queries/list-runs.ts'

const planAt = (moment: Readonly<{ as_of?: string; known_at?: string; created_before?: string }>) =>
  runPlanOf({ ...moment, sort: '-created_at', limit: 50, count: false })

test.each([
  [{ as_of: '2026-05-04T12:00:00.000Z' }, '2026-05-04T12:00:00.000Z '],
  // A day later: who creates a run may be ahead of the clock of the store that records it.
  [{ known_at: '2026-05-04T12:00:00.000Z' }, '2026-05-05T12:00:00.000Z '],
  [{ as_of: '2026-07-01T00:00:00.000Z', known_at: '2026-05-04T12:00:00.000Z' }, '2026-05-05T12:00:00.000Z '],
  [{ as_of: '2026-05-04T12:00:00.000Z', known_at: '2026-07-01T00:00:00.000Z' }, '2026-05-04T12:00:00.000Z '],
  [{ known_at: '2026-05-04T12:00:00.000Z', created_before: '2026-01-01T00:00:00.000Z' }, '2026-01-01T00:00:00.000Z'],
  [{ known_at: '9999-12-31T23:59:59.999Z' }, '9999-12-31T23:59:59.999Z '],
])('a list of the past looks at no run created after both its moments: %o', (moment, before) => {
  expect(planAt(moment).range).toMatchObject({ before })
})
