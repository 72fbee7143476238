import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunCommand } from '../../src/run/commands.ts'
import { decide, type Rejection } from '../../src/run/decide.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { MAX_EVENTS, MAX_METADATA_BYTES, type Run, type RunAtRevision } from '../../src/run/run.ts'
import { TERMINAL_STATUSES } from '../../src/run/terminal-status.ts'
import { command, commands, lived } from '../support/arbitraries.ts'
import {
  at,
  changed,
  changeStatus,
  complete,
  completed,
  create,
  created,
  metadata,
  start,
  started,
} from '../support/run-builders.ts'
import { folded, given, givenRun, rightOf } from '../support/scenario.ts'

describe('create', () => {
  test('makes a run with empty objects and nulls for what was not given', () =>
    given()
      .when(create({ occurred_at: at(0) }))
      .thenEvent(created()))

  test('keeps what was given, nulls inside the metadata too', () => {
    const more = { run_group_id: 'g', input_data: { a: null }, run_metadata: { k: null, deep: { n: null } } }
    given()
      .when(create({ ...more, reason: 'asked', occurred_at: at(0) }))
      .thenEvent(created({ ...more, reason: 'asked' }))
  })

  test('is refused where the run exists, whatever its state', () => {
    given(created()).when(create()).thenRefused('RunExists', { status: 'PENDING', revision: 0 })
    given(created(), started(), completed()).when(create()).thenRefused('RunExists', { status: 'SUCCESS', revision: 2 })
  })
})

describe('a run that does not exist', () => {
  test.each([start(), changeStatus(), complete(), start({ expected_revision: 0 })])('takes no $command', (command) =>
    given().when(command).thenRefused('RunNotFound'),
  )
})

describe('a pending run', () => {
  test('starts', () =>
    given(created())
      .when(start({ occurred_at: at(1) }))
      .thenEvent(started()))
  test('has no status of its own yet', () =>
    given(created()).when(changeStatus()).thenRefused('RunNotStarted', { status: 'PENDING', revision: 0 }))
  test('cannot succeed', () =>
    given(created()).when(complete()).thenRefused('RunNotStarted', { status: 'PENDING', revision: 0 }))
  test.each(['FAILURE', 'CANCELLED'] as const)('can end as %s', (status) =>
    given(created())
      .when(complete({ status, occurred_at: at(3) }))
      .thenEvent(completed({ status })),
  )
})

describe('a started run', () => {
  test('does not start again', () => {
    given(created(), started()).when(start()).thenRefused('RunAlreadyStarted', { status: 'STARTED', revision: 1 })
    given(created(), started(), changed()).when(start()).thenRefused('RunAlreadyStarted', { status: 'IN_REVIEW' })
  })
  test('takes the same status twice, as two facts', () =>
    given(created(), started(), changed())
      .when(changeStatus({ occurred_at: at(2) }))
      .thenEvent(changed()))
  test('keeps a patch as it was sent', () => {
    const run_metadata = { gone: null, deep: { a: 1, b: null } }
    given(created(), started())
      .when(changeStatus({ run_metadata, occurred_at: at(2) }))
      .thenEvent(changed({ run_metadata }))
    given(created(), started())
      .when(complete({ run_metadata, occurred_at: at(3) }))
      .thenEvent(completed({ run_metadata }))
  })
  test.each(TERMINAL_STATUSES)('ends as %s', (status) =>
    given(created(), started())
      .when(complete({ status, result: '', occurred_at: at(3) }))
      .thenEvent(completed({ status, result: '' })),
  )
})

describe('a completed run', () => {
  test.each(TERMINAL_STATUSES)('that ended as %s takes nothing more', (status) => {
    const ended = [created(), started(), completed({ status })]
    for (const command of [start(), changeStatus(), complete()])
      given(...ended)
        .when(command)
        .thenRefused('RunCompleted', { status, revision: 2 })
  })
})

describe('time', () => {
  const open = [created(), started(), changed({ occurred_at: at(10) })]

  test('that the caller gives may stand still but not run backwards', () => {
    given(...open)
      .when(changeStatus({ occurred_at: at(10) }))
      .thenEvent(changed({ occurred_at: at(10) }))
    for (const command of [changeStatus({ occurred_at: at(9) }), complete({ occurred_at: '2026-05-04T12:09:59.999Z' })])
      given(...open)
        .when(command)
        .thenRefused('TimeRunsBackwards', { status: 'IN_REVIEW', revision: 2 })
  })

  test('that the caller gives may be five minutes ahead of the clock and no millisecond more', () => {
    const occurred_at = at(65)
    given(...open)
      .when(changeStatus({ occurred_at }))
      .thenEvent(changed({ occurred_at }))
    given().when(create({ occurred_at })).thenEvent(created({ occurred_at }))
    const late = '2026-05-04T13:05:00.001Z'
    for (const command of [changeStatus({ occurred_at: late }), complete({ occurred_at: late })])
      given(...open)
        .when(command)
        .thenRefused('OccurredAtInFuture', { occurred_at: late, received_at: at(60) })
    given()
      .when(create({ occurred_at: late }))
      .thenRefused('OccurredAtInFuture')
  })

  test('that the ledger gives is its clock, lifted where the run is ahead of it', () => {
    given(...open)
      .when(changeStatus())
      .thenEvent(changed({ occurred_at: at(60) }))
    given(...open)
      .when(changeStatus({ received_at: at(4) }))
      .thenEvent(changed({ occurred_at: at(10) }))
    given()
      .when(create())
      .thenEvent(created({ occurred_at: at(60) }))
  })

  test.each([
    [changeStatus({ occurred_at: at(10) }), 'caller'],
    [changeStatus({ received_at: at(10) }), 'clock'],
    [changeStatus({ received_at: at(9) }), 'lifted'],
  ] as const)('tells where it comes from', (command, occurred_at_from) =>
    expect(rightOf(decide(command)({ run: folded(open), revision: 2 })).metadata).toMatchObject({ occurred_at_from }),
  )
})

describe('a run has room', () => {
  const run = folded([created(), started(), changed()]) as Run
  // Revisions count from 0: after event n stands revision n - 1.
  const runOf = (events: number) => givenRun({ run, revision: events - 1 })

  test('for 9,999 events of any kind, and for one that completes it', () => {
    runOf(MAX_EVENTS - 2)
      .when(changeStatus({ occurred_at: at(2) }))
      .thenEvent(changed())
    runOf(MAX_EVENTS - 1)
      .when(changeStatus())
      .thenRefused('RunFull', { status: 'IN_REVIEW', revision: 9998 })
    runOf(MAX_EVENTS - 1)
      .when(complete({ occurred_at: at(3) }))
      .thenEvent(completed())
  })

  test('for 256 KiB of folded metadata, counted in bytes', () => {
    // {"k":"…"} takes 8 bytes around the text, and é two.
    const fits = { k: `${'é'.repeat((MAX_METADATA_BYTES - 8) / 2)}` }
    const tooMuch = { k: `${fits.k}x` }
    given()
      .when(create({ run_metadata: fits, occurred_at: at(0) }))
      .thenEvent(created({ run_metadata: fits }))
    given()
      .when(create({ run_metadata: tooMuch }))
      .thenRefused('MetadataTooLarge', { bytes: MAX_METADATA_BYTES + 1 })
    const full = [created({ run_metadata: fits }), started()]
    for (const command of [changeStatus({ run_metadata: { a: 1 } }), complete({ run_metadata: { a: 1 } })])
      given(...full)
        .when(command)
        .thenRefused('MetadataTooLarge')
    // What counts is the result, not the patch; and what changes nothing is never too large.
    given(...full)
      .when(changeStatus({ run_metadata: { k: null, a: 1 }, occurred_at: at(2) }))
      .thenEvent(changed({ run_metadata: { k: null, a: 1 } }))
    given(...full)
      .when(changeStatus({ run_metadata: {}, occurred_at: at(2) }))
      .thenEvent(changed({ run_metadata: {} }))
  })
})

describe('If-Match', () => {
  test('lets the command through at that revision only', () => {
    given(created())
      .when(start({ expected_revision: 0, occurred_at: at(1) }))
      .thenEvent(started())
    given(created(), started())
      .when(changeStatus({ expected_revision: 0 }))
      .thenRefused('WrongRevision', { expected: 0, revision: 1, status: 'STARTED' })
  })
  test('is looked at before the rules of the run’s life', () =>
    given(created(), started(), completed())
      .when(start({ expected_revision: 1 }))
      .thenRefused('WrongRevision'))
})

test('metadata says who, when from, under which ids, and carries the trace where there is one', () => {
  const state = { run: folded([created()]), revision: 0 }
  const recorded_by = { principal: 'svc', via: 'cli' as const }
  expect(rightOf(decide(start({ recorded_by, actor: 'bob' }))(state)).metadata).toStrictEqual(
    metadata({ recorded_by, actor: 'bob' }),
  )
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  expect(rightOf(decide(start({ traceparent }))(state)).metadata.traceparent).toBe(traceparent)
})

describe('whatever commands come', () => {
  test('last_updated_at is the occurred_at of the latest event, and times only grow', () =>
    fc.assert(
      fc.property(commands, (given) => {
        let latest = ''
        for (const { event, run } of lived(given)) {
          if (event !== null) {
            expect(event.data.occurred_at >= latest).toBe(true)
            latest = event.data.occurred_at
          }
          expect(run?.last_updated_at ?? '').toBe(latest)
        }
      }),
    ))

  test('the accepted ones fold to what each single step answered', () =>
    fc.assert(
      fc.property(commands, (given) => {
        const events: RunEvent[] = []
        for (const { event, run } of lived(given)) {
          if (event !== null) events.push(event)
          deepStrictEqual(folded(events), run)
        }
      }),
    ))

  test('one is refused exactly where a rule says so, and by the name of a rule that does', () => {
    const seen = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(commands, command, (before, last) => {
        const events = lived(before).flatMap(({ event }) => (event === null ? [] : [event]))
        const state = Object.freeze({ run: folded(events), revision: events.length - 1 })
        const text = JSON.stringify(state)
        const decision = decide(last)(state)
        expect(JSON.stringify(state)).toBe(text)
        const broken = rulesBroken(last, state)
        expect([decision._tag, broken]).toEqual([broken.length === 0 ? 'Right' : 'Left', broken])
        if (decision._tag === 'Left') expect(broken).toContain(decision.left._tag)
        seen[decision._tag === 'Left' ? 'refused' : 'accepted'] += 1
        // Deciding again gives the same: nothing but the command and the state went in.
        deepStrictEqual(decide(last)(state), decision)
      }),
      { numRuns: 500 },
    )
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(30)
  })
})

/** The rules of a run's life that `command` breaks at this state, each by the name of its refusal, written down again. */
const rulesBroken = (command: RunCommand, { run, revision }: RunAtRevision): readonly Rejection['_tag'][] => {
  const { occurred_at = '', received_at, expected_revision = revision } = command
  const creates = command.command === 'create'
  const status = run?.status ?? ''
  const isOver = ['SUCCESS', 'FAILURE', 'CANCELLED'].includes(status)
  const needsStart =
    command.command === 'change_status' || (command.command === 'complete' && command.status === 'SUCCESS')
  const rules: Partial<Record<Rejection['_tag'], boolean>> = {
    RunExists: creates && run !== null,
    RunNotFound: !creates && run === null,
    WrongRevision: !creates && run !== null && expected_revision !== revision,
    RunCompleted: !creates && isOver,
    RunAlreadyStarted: command.command === 'start' && run !== null && status !== 'PENDING' && !isOver,
    RunNotStarted: status === 'PENDING' && needsStart,
    TimeRunsBackwards: !creates && run !== null && occurred_at !== '' && occurred_at < run.last_updated_at,
    OccurredAtInFuture: occurred_at !== '' && Date.parse(occurred_at) - Date.parse(received_at) > 300_000,
  }
  return (Object.keys(rules) as Rejection['_tag'][]).filter((name) => rules[name])
}
