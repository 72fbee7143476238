/** Where every read model finds that two policy versions agree: compared with a count over raw events. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredEvent } from '../../src/event-store/event-store.ts'
import type { AgreementQuery, DifferingGroup, ReadModel } from '../../src/read-model/read-model.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { TERMINAL_STATUSES } from '../../src/run/terminal-status.ts'
import { agreementIn } from '../support/oracles/agreement-oracle.ts'
import { seenIn } from '../support/oracles/oracle.ts'
import type { ReadModelStore } from '../support/read-model/read-model-stores.ts'
import { interleaved, storedAs } from '../support/read-model/read-models.ts'
import { at, completed, created, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const VERSIONS = ['main', 'shadow', 'other'] as const

/** A run of some group, completed or not. */
const run = fc
  .record({
    group: fc.option(fc.nat(19), { freq: 12 }),
    version: fc.constantFrom(...VERSIONS),
    begin: fc.nat(20),
    minutes: fc.nat(30),
    isCompleted: fc.nat(6).map((one) => one > 0),
    status: fc.constantFrom(...TERMINAL_STATUSES),
    result: fc.constantFrom('APPROVED', 'DECLINED', '', null),
  })
  .map(({ group, version, begin, minutes, isCompleted, status, result }): readonly RunEvent[] => {
    const life = [
      created({
        run_group_id: group === null ? null : `group-${group}`,
        policy_version_id: version,
        occurred_at: at(begin),
      }),
      started({ occurred_at: at(begin) }),
    ]
    return isCompleted ? [...life, completed({ status, result, occurred_at: at(begin + minutes) })] : life
  })

const time = fc.option(fc.integer({ min: -1, max: 22 }).map(at), { nil: undefined, freq: 2 })
const asked = fc.record({
  versions: fc.constantFrom(...VERSIONS.flatMap((one) => VERSIONS.map((other) => [one, other] as const))),
  from: time,
  to: time,
  limit: fc.integer({ min: 1, max: 5 }),
})

/** The figures of the first page, and the groups of all. */
const found = async (readModel: ReadModel, query: AgreementQuery) => {
  const first = rightOf(await readModel.agreement(query)())
  const groups: DifferingGroup[] = [...first.groups]
  let { next } = first
  while (next !== null) {
    const page = rightOf(await readModel.agreement({ ...query, after: next })())
    expect(page.groups.length).toBeLessThanOrEqual(query.limit)
    // The figures are those of all groups, whichever page.
    expect({ ...page, groups: [], next: null }).toEqual({ ...first, groups: [], next: null })
    groups.push(...page.groups)
    next = page.next
  }
  const { results, duration_difference_ms, compared, ambiguous } = first
  expect(results.map(({ count }) => count)).toEqual(results.map(({ count }) => count).sort((a, b) => b - a))
  return {
    compared,
    ambiguous,
    results: new Map(results.map(({ result, with_result, count }) => [JSON.stringify([result, with_result]), count])),
    differences: duration_difference_ms,
    groups,
  }
}

export const agreementContract = ({ name, open }: Pick<ReadModelStore, 'name' | 'open'>): void => {
  describe(`the agreement of policy versions in ${name}`, () => {
    test('is what a count over raw events gives, in whatever order the runs of groups complete', async () => {
      let [compared, ambiguous, differing] = [0, 0, 0]
      await fc.assert(
        fc.asyncProperty(
          fc.array(run, { minLength: 50, maxLength: 80 }),
          fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
          fc.array(asked, { minLength: 12, maxLength: 12 }),
          async (runs, picks, queries) => {
            const log = interleaved(new Map(runs.map((events, i) => [`run-${(i * 37) % 101}`, events])), picks)
            const { project, readModel } = await open()
            // In several batches, so that runs of one group complete in different ones.
            for (let from = 0; from < log.length; from += 25) await project(log.slice(from, from + 25))
            const seen = seenIn(log)
            for (const { versions, ...rest } of queries) {
              const query = { policy_version_id: versions[0], with: versions[1], ...rest }
              if (versions[0] === versions[1]) continue
              const expected = agreementIn(seen, query)
              expect(await found(readModel, query)).toEqual(expected)
              compared += expected.compared
              ambiguous += expected.ambiguous
              differing += expected.groups.length
            }
          },
        ),
        { numRuns: 8, endOnFailure: true },
      )
      expect(Math.min(compared, ambiguous, differing)).toBeGreaterThan(20)
    })

    test('of a shadow ledger of 10,000 groups is what a count over its events gives', async () => {
      const { project, readModel } = await open()
      for (let from = 0; from < SHADOWED.length; from += 4_000) await project(SHADOWED.slice(from, from + 4_000))
      const query = { policy_version_id: 'main', with: 'shadow', from: at(10), to: at(400), limit: 1_000 }
      const expected = agreementIn(seenIn(SHADOWED), query)
      expect(expected.ambiguous).toBeGreaterThan(100)
      expect(expected.groups.length).toBeGreaterThan(1_000)
      expect(await found(readModel, query)).toEqual(expected)
    })
  })
}

type Decision = Readonly<{ group: number; version: string; again: number; result: string }>

/** Each group is decided by main; nine of ten by its shadow, too, and some by that twice. */
const decisionsOf = (group: number): readonly Decision[] => [
  { group, version: 'main', again: 0, result: group % 3 === 0 ? 'DECLINED' : 'APPROVED' },
  ...(group % 10 > 0
    ? [{ group, version: 'shadow', again: 1, result: group % 4 === 0 ? 'DECLINED' : 'APPROVED' }]
    : []),
  ...(group % 50 === 7 ? [{ group, version: 'shadow', again: 2, result: 'APPROVED' }] : []),
]

const DECISIONS = Array.from({ length: 10_000 }, (_, group) => decisionsOf(group)).flat()

const idOf = ({ group, version, again }: Decision): string => `run-${group}-${version}-${again}`

/** All runs are created one after another, and complete in another order. */
const SHADOWED: readonly StoredEvent[] = [
  ...DECISIONS.map((decision) => {
    const { group, version } = decision
    const opening = created({
      run_group_id: `group-${group}`,
      policy_version_id: version,
      occurred_at: at(group % 500),
    })
    return { run_id: idOf(decision), revision: 0, event: opening }
  }),
  ...DECISIONS.map((_, i) => {
    const decision = DECISIONS[(i * 7_919) % DECISIONS.length] as Decision
    const { group, again, result } = decision
    const occurred_at = at((group % 500) + ((group * 7 + again) % 13))
    return { run_id: idOf(decision), revision: 1, event: completed({ status: 'CANCELLED', result, occurred_at }) }
  }),
].map(({ run_id, revision, event }, i) => storedAs(run_id, revision, i + 1, event))
