import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entryOf } from '../../projections/audit-entry.ts'
import type { StoredEvent } from '../../src/event-store/event-store.ts'
import type { StepPage } from '../../src/read-model/read-model.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { history } from '../support/histories.ts'
import {
  countedBy,
  durationsOf,
  type GroupFigures,
  groupIn,
  isCompleted,
  policyVersionIn,
  runsAt,
  type Seen,
  seenIn,
} from '../support/oracles/oracle.ts'
import {
  contentsOf,
  interleaved,
  itemsIn,
  type OwnReadModel,
  openOwnReadModel,
  type Step,
} from '../support/read-model/read-models.ts'
import { rightOf } from '../support/scenario.ts'

/** The event as another run of another kind has it: other ids, actors, groups; here and there moved from another ledger. */
const varied = (event: RunEvent, run: number, revision: number): RunEvent =>
  ({
    ...event,
    data:
      event.type === 'RunCreated'
        ? {
            ...event.data,
            run_group_id: run % 3 === 0 ? null : `group-${run % 3}`,
            policy_version_id: `policy-${run % 2}`,
          }
        : event.data,
    metadata: {
      ...event.metadata,
      command_id: `command-${run}-${revision}`,
      $correlationId: revision % 2 === 0 ? `command-${run}-${revision}` : `correlation "${run}"`,
      ...(run % 4 === 1
        ? { imported: { recorded_at: `2020-01-0${1 + ((revision * 7) % 9)}T00:00:00.000Z`, position: '1' } }
        : {}),
    },
  }) as RunEvent

/** Histories of a few runs, mixed; now and then an event that cannot be read, or a gap. */
const log: fc.Arbitrary<readonly StoredEvent[]> = fc
  .tuple(
    fc.array(history, { minLength: 1, maxLength: 6 }),
    fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }),
    fc.option(fc.nat(60), { nil: -1 }),
    fc.option(fc.nat(60), { nil: -1 }),
  )
  .map(([histories, picks, broken, skipped]) => {
    const runs = histories.map((events, run) => events.map((event, revision) => varied(event, run, revision)))
    const events = interleaved(new Map(runs.map((each, i) => [`run-${i}`, each])), picks)
    return events
      .map((event, i) => (i === broken ? { ...event, type: 'RunInvented' } : event))
      .filter((_, i) => i !== skipped)
  })

const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 })

const projectIn = async (
  own: OwnReadModel,
  events: readonly StoredEvent[],
  batches: readonly number[],
): Promise<void> => {
  for (let from = 0, turn = 0; from < events.length; turn += 1) {
    const size = batches[turn % batches.length] as number
    await own.project(events.slice(from, from + size))
    if (turn % 3 === 2) await own.restart()
    from += size
  }
}

const rowsIn = <Row>(rows: readonly unknown[]): readonly Row[] => rows as readonly Row[]

const expectTrail = (own: OwnReadModel, seen: readonly Seen[]): void => {
  const { entry_texts, entries } = contentsOf(own.path)
  const texts = rowsIn<{ entry: string }>(entry_texts)
  expect(texts.map(({ entry }) => JSON.parse(entry))).toEqual(seen.map(({ entry }) => entry))
  for (const { entry } of texts) expect(entry).not.toMatch(/[\r\n]/)
  for (const [place, { metadata_kept }] of rowsIn<{ metadata_kept: number | null }>(entries).entries())
    expect([metadata_kept !== null, undefined]).toContain(tellsMetadata(seen[place] as Seen))
  expect(rowsIn<{ metadata_kept: number | null }>(entries).map(({ metadata_kept: _, ...row }) => row)).toEqual(
    seen.map(({ entry: { position, run_id, revision, type, actor, occurred_at, recorded_at }, after, known_from }) => ({
      position: Number(position),
      run_id,
      revision,
      type,
      actor,
      occurred_at: occurred_at ?? '',
      recorded_at,
      known_from: after === null ? null : known_from,
      status: after?.status ?? null,
      result: after?.result ?? null,
      started_at: after?.started_at ?? null,
    })),
  )
  // So that large metadata between two stored versions can be folded again from whole events.
  expect(rowsIn<{ event_metadata: string | null }>(entry_texts).map(({ event_metadata }) => event_metadata)).toEqual(
    seen.map(({ after, stored }) =>
      after !== null && JSON.stringify(after.run_metadata).length > 2_048 ? stored.metadata : null,
    ),
  )
}

/** Whether a version has metadata of its own; undefined where its event has a patch that changes nothing. */
const tellsMetadata = ({ before, after, entry }: Seen): boolean | undefined => {
  if (after === null) return false
  if (before === null || !isDeepStrictEqual(before.run_metadata, after.run_metadata)) return true
  return entry.data?.['run_metadata'] === undefined ? false : undefined
}

const expectGroups = async (own: OwnReadModel, seen: readonly Seen[]): Promise<void> => {
  for (const group of ['group-1', 'group-2', 'none'])
    expect(rightOf(await own.readModel.getRunGroup(group)()).group).toEqual(groupIn(seen, group))
}

/** Counts by status of a policy version stand in two tables, as those of a group do. */
const expectPolicyVersions = (own: OwnReadModel, seen: readonly Seen[]): void => {
  const { policy_versions, policy_version_statuses } = contentsOf(own.path)
  const expected = ['policy-0', 'policy-1']
    .map((id) => ({ id, counts: policyVersionIn(seen, id) }))
    .filter(({ counts }) => counts !== null)
  expect(policy_versions).toEqual(
    expected.map(({ id, counts }) => {
      const { by_status: _, ...row } = counts as GroupFigures
      return { policy_version_id: id, ...row }
    }),
  )
  const rows = rowsIn<{ policy_version_id: string; status: string; runs: number }>(policy_version_statuses)
  for (const { id, counts } of expected)
    expect(
      Object.fromEntries(rows.filter((row) => row.policy_version_id === id).map(({ status, runs }) => [status, runs])),
    ).toEqual(counts?.by_status)
}

const expectFigures = (own: OwnReadModel, seen: readonly Seen[]): void => {
  const { policy_figures, policy_durations } = contentsOf(own.path)
  const gamma = 1.0095 / 0.9905
  const key = (parts: readonly unknown[]) => parts.join(' ')
  const runs = runsAt(seen)
  const hourOf = (time: string) => time.split(':')[0]
  const expected = runs.flatMap((run) => {
    const [duration] = durationsOf([run])
    const own = [run.policy_version_id, hourOf(run.created_at)]
    if (duration === undefined) return [key([...own, 'status', run.status])]
    const bin = duration === 0 ? -1 : Math.ceil(Math.log(duration) / Math.log(gamma))
    return [
      key([...own, 'status', run.status]),
      key([...own, 'result', JSON.stringify(run.result)]),
      key([...own, 'bin', bin]),
    ]
  })
  const kept = rowsIn<Record<string, string>>(policy_figures).map(
    (row) => [key([row['policy_version_id'], row['hour'], row['figure'], row['name']]), row['runs']] as const,
  )
  expect(Object.fromEntries(kept)).toEqual(countedBy(expected))
  const durations = runs.filter(isCompleted).reduce((sum, run) => sum + (durationsOf([run])[0] ?? 0), 0)
  expect(rowsIn<{ sum: number }>(policy_durations).reduce((all, { sum }) => all + sum, 0)).toBe(durations)
}

const expectReplay = async (own: OwnReadModel, seen: readonly Seen[]): Promise<void> => {
  const mine = seen.filter(({ stored }) => stored.stream === 'run-0')
  const steps: Step[] = []
  for (let from: number | null = 0; from !== null; ) {
    const page: StepPage = rightOf(await own.readModel.listSteps('run-0', { from, limit: 3 })())
    steps.push(...itemsIn<Step>(page.text))
    from = page.next
  }
  const expected = mine.map(({ stored: { revision }, entry, after }) => ({ revision, entry, run: after }))
  expect(steps).toEqual(expected)
  const whole = rightOf(await own.readModel.listSteps('run-0', { from: 0, limit: 1000 })())
  expect(itemsIn(whole.text)).toEqual(expected)
  const trail = rightOf(await own.readModel.listTrail('run-0', { limit: 1000 })())
  expect(itemsIn(trail.text)).toEqual(mine.map(({ entry }) => entry))
}

test('every projection says what the raw events say, whatever the batches and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(log, sizes, async (events, batches) => {
      const own = await openOwnReadModel()
      await projectIn(own, events, batches)
      const seen = seenIn(events)
      expectTrail(own, seen)
      await expectGroups(own, seen)
      expectPolicyVersions(own, seen)
      expectFigures(own, seen)
      await expectReplay(own, seen)
    }),
    { numRuns: 40 },
  )
})

test('another order over runs makes the same figures and versions', async () => {
  await fc.assert(
    fc.asyncProperty(log, sizes, async (events, batches) => {
      const one = await openOwnReadModel()
      await projectIn(one, events, batches)
      const other = await openOwnReadModel(1)
      // One run after another, each event at its position all the same: in one batch, since a later one would be behind.
      await other.project([...events].sort((a, b) => (a.stream === b.stream ? 0 : a.stream < b.stream ? -1 : 1)))
      expect(contentsOf(other.path)).toEqual(contentsOf(one.path))
    }),
    { numRuns: 15 },
  )
})

test('the Entry as an object is the Entry as text', () => {
  fc.assert(
    fc.property(log, (events) => {
      // Without its run's past nothing can be said of what an event changed.
      for (const { stored, entry } of seenIn(events)) expect(entryOf(stored, null)).toEqual({ ...entry, changes: null })
    }),
    { numRuns: 20 },
  )
})

test('an event of which nothing can be read has its Entry all the same', () => {
  const stored: StoredEvent = {
    event_id: 'e',
    stream: 'run "1"',
    revision: 3,
    position: '00000000000000000007',
    recorded_at: '2026-01-01T00:00:00.000Z',
    type: 'Run\nInvented',
    data: '{"run_id":',
    metadata: '[]',
  }
  const { position, event_id, revision, recorded_at, type } = stored
  const nothing = {
    schema_version: null,
    occurred_at: null,
    occurred_at_from: null,
    actor: null,
    recorded_by: null,
    reason: null,
    command_id: null,
    correlation_id: null,
    causation_id: null,
    changes: null,
    data: null,
  }
  expect(entryOf(stored, null)).toEqual({
    position,
    event_id,
    run_id: 'run "1"',
    revision,
    recorded_at,
    type,
    ...nothing,
  })
})
