/** What every read model answers, whichever database it is in: compared with an oracle that reads nothing but the raw events. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../projections/audit-entry.ts'
import type {
  CountsPage,
  EntryFilters,
  EntryKey,
  EntryQuery,
  ReadModel,
  RunQuery,
  SortKey,
  StepPage,
  TrailPage,
} from '../../src/read-model/read-model.ts'
import type { RunEvent } from '../../src/run/events.ts'
import type { Run } from '../../src/run/run.ts'
import { groupIn, isCompleted, policyVersionIn, runsAt, seenIn, sets } from '../support/oracles/oracle.ts'
import type { ReadModelStore } from '../support/read-model/read-model-stores.ts'
import { interleaved, itemsIn, positionAt, storedAs } from '../support/read-model/read-models.ts'
import { at, changed, completed, created, metadata, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const RUNS = 80
const pick = <T>(from: readonly T[], i: number): T => from[i % from.length] as T

/** Run `i`: like many others, unlike most, with ties in both times; some were moved here from another ledger. */
const eventsOf = (i: number): readonly RunEvent[] => {
  const begin = Math.floor(i / 3) % 11
  const life = [
    created({
      run_group_id: pick([null, 'group-1', 'group-2', 'group-3'], i),
      policy_version_id: `policy-${i % 3}`,
      run_metadata: { channel: pick(['web', 'app'], i) },
      occurred_at: at(begin),
    }),
    started({ occurred_at: at(begin + 1) }),
    changed({
      status: pick(['IN_REVIEW', 'WAITING'], i),
      occurred_at: at(begin + 1 + (i % 4)),
      run_metadata: { step: i, 'a"/b~\\': { 'é\u0001': i % 4 } },
      ...(i % 2 === 0 ? { reason: pick(['by rule "7"', 'because é\u0001', 'x path:/status'], i) } : {}),
    }),
    completed({
      status: pick(['SUCCESS', 'FAILURE'], i),
      result: pick(['APPROVED', null, ''], i),
      occurred_at: at(begin + 7),
    }),
  ].slice(0, 1 + (i % 5))
  if (i % 3 !== 0) return life
  return life.map((event, revision) => ({
    ...event,
    metadata: metadata({ imported: { recorded_at: at(2 * begin + revision), position: '1' } }),
  }))
}

const log = interleaved(
  new Map(Array.from({ length: RUNS }, (_, i) => [`run-${i}`, eventsOf(i)])),
  [3, 1, 4, 1, 5, 9],
).map((event) => (event.stream === 'run-4' && event.revision === 2 ? { ...event, type: 'RunInvented' } : event))
const seen = seenIn(log)
const channels = new Map(runsAt(seen).map((run) => [run.run_id, run.run_metadata['channel']]))

type Asked = Omit<RunQuery, 'sort' | 'limit' | 'count' | 'after'>

const expectedRuns = (asked: Asked, sort: RunQuery['sort']): readonly Run[] => {
  const any = (values: readonly string[] | undefined, value: string | null) =>
    values === undefined || (value !== null && values.includes(value))
  const within = (time: string, from = '', before = '~') => time >= from && time < before
  const key = (run: Run) => `${sort.endsWith('created_at') ? run.created_at : run.last_updated_at} ${run.run_id}`
  const sign = sort.startsWith('-') ? -1 : 1
  return runsAt(seen, asked)
    .filter(
      (run) =>
        any(asked.status, run.status) &&
        any(asked.result, run.result) &&
        any(asked.run_group_id, run.run_group_id) &&
        any(asked.policy_version_id, run.policy_version_id) &&
        within(run.created_at, asked.created_after, asked.created_before) &&
        within(run.last_updated_at, asked.updated_after, asked.updated_before) &&
        (asked.metadata ?? []).every(([, value]) => channels.get(run.run_id) === value),
    )
    .sort((a, b) => (key(a) < key(b) ? -sign : sign))
}

const some = <T extends string>(values: readonly T[]) =>
  fc.option(fc.subarray([...values], { minLength: 1 }), { nil: undefined, freq: 2 })
const time = fc.option(fc.integer({ min: -2, max: 24 }).map(at), { nil: undefined, freq: 3 })
const runFilters: fc.Arbitrary<Asked> = fc.record({
  as_of: time,
  known_at: time,
  status: some(['PENDING', 'STARTED', 'WAITING', 'SUCCESS', 'FAILURE', 'nothing']),
  result: some(['APPROVED', '', 'nothing']),
  run_group_id: some(['group-1', 'group-3', 'nothing']),
  policy_version_id: some(['policy-0', 'policy-2']),
  created_after: time,
  created_before: time,
  updated_after: time,
  updated_before: time,
  metadata: fc.option(fc.constantFrom([['channel', 'web']] as const), { nil: undefined, freq: 2 }),
})
const RUN_SORTS = ['created_at', '-created_at', 'last_updated_at', '-last_updated_at'] as const

const everyRun = async (readModel: ReadModel, asked: Asked, sort: RunQuery['sort'], limit: number) => {
  const found: unknown[] = []
  let after: SortKey | undefined
  for (;;) {
    const page = rightOf(await readModel.listRuns({ ...asked, sort, limit, after, count: false })())
    expect(page.runs.length).toBeLessThanOrEqual(limit)
    found.push(...page.runs.map(({ text }) => JSON.parse(text)))
    if (page.next === null) return found
    after = page.next
  }
}

const expectedEntries = (asked: EntryFilters, sort: EntryQuery['sort']): readonly Entry[] => {
  const any = (values: readonly string[] | undefined, value: string | null) =>
    values === undefined || (value !== null && values.includes(value))
  const within = (value: string | null, from?: string, before?: string) =>
    (from === undefined && before === undefined) || (value !== null && value >= (from ?? '') && value < (before ?? '~'))
  const key = (entry: Entry) => `${sort.endsWith('position') ? '' : (entry.occurred_at ?? '')} ${entry.position}`
  const sign = sort.startsWith('-') ? -1 : 1
  return seen
    .filter((each) => sets(each, asked))
    .map(({ entry }) => entry)
    .filter(
      (entry) =>
        any(asked.type, entry.type) &&
        any(asked.actor, entry.actor) &&
        any(asked.run_id, entry.run_id) &&
        within(entry.occurred_at, asked.occurred_after, asked.occurred_before) &&
        within(entry.recorded_at, asked.recorded_after, asked.recorded_before),
    )
    .toSorted((a, b) => (key(a) < key(b) ? -sign : sign))
}

const entryFilters: fc.Arbitrary<EntryFilters> = fc.record({
  type: some(['RunCreated', 'RunCompleted', 'RunInvented']),
  actor: some(['alice', 'nobody']),
  run_id: some(['run-1', 'run-2', 'run-4', 'run-x']),
  status: some(['PENDING', 'IN_REVIEW', 'SUCCESS', 'nothing']),
  result: some(['APPROVED', '', 'nothing']),
  path: some([
    '/status',
    '/run_metadata/step',
    '/run_metadata',
    '/run_metadata/*',
    '/run_metadata/a"~1b~0\\/*',
    '/run_metadata/a"~1b~0\\/é\u0001',
    '/s*',
  ]),
  reason: some(['rule "7"', 'because', 'é\u0001', 'path', 'Because']),
  occurred_after: time,
  occurred_before: time,
  recorded_after: time,
  recorded_before: time,
})
const ENTRY_SORTS = ['position', '-position', 'occurred_at', '-occurred_at'] as const

const everyEntry = async (readModel: ReadModel, asked: EntryFilters, sort: EntryQuery['sort'], limit: number) => {
  const found: unknown[] = []
  let after: EntryKey | undefined
  for (;;) {
    const page = rightOf(await readModel.listEntries({ ...asked, sort, limit, after })())
    expect(page.entries.length).toBeLessThanOrEqual(limit)
    for (const { position, type, text } of page.entries) {
      const entry = JSON.parse(text)
      expect(entry).toMatchObject({ position, type })
      found.push(entry)
    }
    if (page.next === null) return found
    after = page.next
  }
}

type ListCounts = ReadModel['listRunGroups']

const everyCount = async (list: ListCounts, limit: number) => {
  const found: CountsPage['counts'][number][] = []
  let after: string | undefined
  for (;;) {
    const page = rightOf(await list({ after, limit })())
    expect(page.counts.length).toBeLessThanOrEqual(limit)
    found.push(...page.counts)
    if (page.next === null) return found
    after = page.next
  }
}

const errorRateOf = (runs: readonly Run[]): number | null => {
  const done = runs.filter(isCompleted)
  return done.length === 0 ? null : done.filter(({ status }) => status === 'FAILURE').length / done.length
}

export const readModelContract = ({ name, open }: ReadModelStore): void => {
  const filled = async () => {
    const own = await open()
    await own.project(log)
    return own
  }

  describe(`a read model in ${name}`, () => {
    test('a run is its last Run that can be read, with why it stopped', async () => {
      const { readModel } = await filled()
      const last = new Map(runsAt(seen).map((run) => [run.run_id, run]))
      for (const run_id of ['run-1', 'run-4', 'run-33']) {
        const read = rightOf(await readModel.getRun(run_id)())
        expect(read.position).toBe(positionAt(log.length))
        expect(JSON.parse(read.run?.text ?? '')).toEqual(last.get(run_id))
        expect(read.quarantine?.revision ?? null).toBe(run_id === 'run-4' ? 2 : null)
        expect(read.run?.quarantined).toBe(run_id === 'run-4' ? 2 : null)
      }
      expect(rightOf(await readModel.getRun('none')())).toMatchObject({ run: null, quarantine: null })
    })

    test('lists of runs, now or at any moment, by any filters and in any order, give every run that matches', async () => {
      const { readModel } = await filled()
      await fc.assert(
        fc.asyncProperty(
          runFilters,
          fc.constantFrom(...RUN_SORTS),
          fc.integer({ min: 1, max: 30 }),
          async (asked, sort, limit) => {
            const expected = expectedRuns(asked, sort)
            expect(await everyRun(readModel, asked, sort, limit)).toEqual(expected)
            const counted = rightOf(await readModel.listRuns({ ...asked, sort, limit: 1, count: true })())
            expect(counted).toMatchObject({ count: expected.length, position: positionAt(log.length) })
          },
        ),
        {
          numRuns: 100,
          examples: [
            [{}, '-created_at', 7],
            [{ as_of: at(5) }, '-last_updated_at', 7],
          ],
        },
      )
    })

    test('lists of Entries, by any filters and in any order, give every Entry that matches', async () => {
      const { readModel } = await filled()
      await fc.assert(
        fc.asyncProperty(
          entryFilters,
          fc.constantFrom(...ENTRY_SORTS),
          fc.integer({ min: 1, max: 40 }),
          async (asked, sort, limit) => {
            expect(await everyEntry(readModel, asked, sort, limit)).toEqual(expectedEntries(asked, sort))
          },
        ),
        { numRuns: 100, examples: [[{ run_id: ['run-2'] }, 'position', 40]] },
      )
    })

    test('replay gives every step of a run, page by page, and no Run where it cannot be read', async () => {
      const { readModel } = await filled()
      for (const run_id of ['run-4', 'run-9', 'run-12']) {
        const mine = seen.filter(({ stored }) => stored.stream === run_id)
        const steps: unknown[] = []
        for (let from: number | null = 0; from !== null; ) {
          const page: StepPage = rightOf(await readModel.listSteps(run_id, { from, limit: 2 })())
          steps.push(...itemsIn(page.text))
          from = page.next
        }
        const expected = mine.map(({ stored: { revision }, entry, after }) => ({ revision, entry, run: after }))
        expect(steps).toEqual(expected)
        const whole = rightOf(await readModel.listSteps(run_id, { from: 0, limit: 100 })())
        expect(itemsIn(whole.text)).toEqual(expected)
      }
      const none = rightOf(await readModel.listSteps('none', { from: 0, limit: 2 })())
      expect(none).toMatchObject({ exists: false, text: '', next: null })
    })

    test.each([1, 2, 100])('the trail of a run is its Entries in order, %i a page', async (limit) => {
      const { readModel } = await filled()
      for (const run_id of ['run-4', 'run-9', 'run-12', 'none']) {
        const entries: unknown[] = []
        let after: EntryKey | undefined
        do {
          const page: TrailPage = rightOf(await readModel.listTrail(run_id, { after, limit })())
          entries.push(...itemsIn(page.text))
          after = page.next ?? undefined
        } while (after !== undefined)
        expect(entries).toEqual(seen.filter(({ stored }) => stored.stream === run_id).map(({ entry }) => entry))
      }
    })

    test('a group has the counts and times of its runs', async () => {
      const { readModel } = await filled()
      for (const id of ['group-1', 'group-3', 'none'])
        expect(rightOf(await readModel.getRunGroup(id)()).group).toEqual(groupIn(seen, id))
    })

    test.each([1, 2, 50])('groups and policy versions are listed by id with their counts, %i a page', async (limit) => {
      const { readModel } = await filled()
      const runs = runsAt(seen)
      const groups = ['group-1', 'group-2', 'group-3'].map((id) => ({
        id,
        ...groupIn(seen, id),
        error_rate: errorRateOf(runs.filter((run) => run.run_group_id === id)),
      }))
      expect(await everyCount(readModel.listRunGroups, limit)).toEqual(groups)
      const policies = ['policy-0', 'policy-1', 'policy-2'].map((id) => ({
        id,
        ...policyVersionIn(seen, id),
        error_rate: errorRateOf(runs.filter((run) => run.policy_version_id === id)),
      }))
      expect(await everyCount(readModel.listPolicyVersions, limit)).toEqual(policies)
    })

    test('the results of a bucket come by count, the most frequent first', async () => {
      const { readModel, project } = await open()
      const results = ['B', 'C', 'A', 'C', 'B', 'C']
      await project(
        results.flatMap((result, i) => [
          storedAs(`run-${i}`, 0, 2 * i + 1, created({ policy_version_id: 'policy-1' })),
          storedAs(`run-${i}`, 1, 2 * i + 2, completed({ status: 'FAILURE', result, occurred_at: at(1) })),
        ]),
      )
      const { buckets } = rightOf(await readModel.policyStats({ policy_version_id: 'policy-1', bucket: 'total' })())
      expect(buckets[0]?.results).toEqual([
        { result: 'C', count: 3, share: 3 / 6 },
        { result: 'B', count: 2, share: 2 / 6 },
        { result: 'A', count: 1, share: 1 / 6 },
      ])
    })

    test('waiting for a position ends once it is reached, or with the time', async () => {
      const { readModel, project } = await filled()
      const next = positionAt(log.length + 1)
      expect(await readModel.waitFor(next, 20)).toBe(false)
      const waiting = readModel.waitFor(next, 60_000)
      await project([storedAs('run-new', 0, log.length + 1, created())])
      expect(await waiting).toBe(true)
      expect(rightOf(await readModel.position()())).toBe(next)
    })
  })
}
