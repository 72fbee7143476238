/** Two ledgers over one log: whatever one of them remembers of a run, the other may have changed it since. */
import { describe, expect, test } from 'vitest'
import type { EventStore } from '../../src/event-store/event-store.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { MAX_EVENTS } from '../../src/run/run.ts'
import { openAt, PATIENT } from '../event-store/eventstoredb/opened.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { openStandIn } from '../support/stand-ins.ts'
import { eventsOf, openStore } from '../support/stores.ts'

const STORES: readonly (readonly [string, () => Promise<readonly [EventStore, EventStore]>])[] = [
  [
    'the embedded store, which has one owner',
    async () => {
      const store = await openStore()
      return [store, store]
    },
  ],
  [
    'EventStoreDB, each with a connection of its own as another process has',
    async () => {
      const { address } = await openStandIn()
      return [await openAt(address, PATIENT), await openAt(address, PATIENT)]
    },
  ],
]

/** What `one` was asked while both knew the run, what the other did since, and what `one` is asked then. */
type Case = Readonly<{
  known: readonly RunCommand[]
  since: readonly RunCommand[]
  asked: RunCommand
  refused: Readonly<Record<string, unknown>>
}>

const EARLY = '2020-01-01T00:00:00.000Z'
const LATE = '2021-01-01T00:00:00.000Z'
const BETWEEN = '2020-06-01T00:00:00.000Z'
const reused = startRun('run', { reason: 'as it was sent first' })
const HALF_OF_IT = { text: 'x'.repeat(200 * 1024) }

const CASES: Readonly<Record<string, Case>> = {
  RunExists: {
    known: [startRun('nobody')],
    since: [createRun('run')],
    asked: createRun('run'),
    refused: { status: 'PENDING', revision: 0 },
  },
  RunNotStarted: {
    known: [],
    since: [createRun('run')],
    asked: changeRun('run', 'EARLY'),
    refused: { status: 'PENDING', revision: 0 },
  },
  RunAlreadyStarted: {
    known: [createRun('run')],
    since: [startRun('run')],
    asked: startRun('run'),
    refused: { status: 'STARTED', revision: 1 },
  },
  RunCompleted: {
    known: [createRun('run'), startRun('run')],
    since: [completeRun('run')],
    asked: changeRun('run', 'LATE'),
    refused: { status: 'SUCCESS', revision: 2 },
  },
  TimeRunsBackwards: {
    known: [createRun('run', { occurred_at: EARLY })],
    since: [startRun('run', { occurred_at: LATE })],
    asked: changeRun('run', 'S', { occurred_at: BETWEEN }),
    refused: { revision: 1 },
  },
  RunFull: {
    known: [createRun('run'), startRun('run')],
    since: Array.from({ length: MAX_EVENTS - 3 }, () => changeRun('run', 'S')),
    asked: changeRun('run', 'S'),
    refused: { revision: MAX_EVENTS - 2 },
  },
  WrongRevision: {
    known: [createRun('run'), startRun('run')],
    since: [changeRun('run', 'S')],
    asked: changeRun('run', 'T', { expected_revision: 1 }),
    refused: { expected: 1, revision: 2 },
  },
  MetadataTooLarge: {
    known: [createRun('run'), startRun('run')],
    since: [changeRun('run', 'S', { run_metadata: { one: HALF_OF_IT } })],
    asked: changeRun('run', 'S', { run_metadata: { other: HALF_OF_IT } }),
    refused: {},
  },
  IdempotencyKeyReused: {
    known: [createRun('run')],
    since: [reused],
    asked: { ...reused, reason: 'something else' },
    refused: { revision: 1 },
  },
}

describe.each(STORES)('over %s', (_, open) => {
  const both = async () => {
    const [store, otherStore] = await open()
    return { store, one: createLedger(store), other: createLedger(otherStore) }
  }

  test.each(Object.entries(CASES))(
    '%s is said for what the other wrote last',
    async (tag, { known, since, asked, refused }) => {
      const { store, one, other } = await both()
      for (const command of known) await one.execute(command)()
      for (const answer of await other.executeBatch(since)) expect(answer).toMatchObject({ _tag: 'Right' })
      const head = await store.headPosition()()
      expect(await one.execute(asked)()).toMatchObject({ left: { _tag: tag, ...refused } })
      expect(await store.headPosition()()).toEqual(head)
    },
  )

  test('a command is not refused for what the other has changed since', async () => {
    const { one, other } = await both()
    await one.execute(createRun('run'))()
    await other.execute(startRun('run'))()
    // `one` last saw the run unstarted.
    expect(await one.execute(changeRun('run', 'IN_REVIEW'))()).toMatchObject({ right: { revision: 2 } })
    expect(await other.execute(completeRun('run', { expected_revision: 2 }))()).toMatchObject({
      right: { revision: 3 },
    })
  })

  test('what the other took comes again as a repeat, with the answer of its first time', async () => {
    const { one, other } = await both()
    const [create, start] = [createRun('run'), startRun('run')]
    await one.execute(create)()
    const first = await other.execute(start)()
    await other.execute(completeRun('run'))()
    expect(await one.execute({ ...start, correlation_id: 'another' })()).toEqual({
      ...first,
      right: { ...Object(first).right, repeated: true },
    })
  })

  test('both write to one run at once, and every command is kept once', async () => {
    const { store, one, other } = await both()
    await one.execute(createRun('run'))()
    await one.execute(startRun('run'))()
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? one : other).execute(changeRun('run', `S${n}`))()),
    )
    expect(answers.filter(({ _tag }) => _tag === 'Left')).toEqual([])
    const events = await eventsOf(store, 'run')
    expect(new Set(events.slice(2).map(({ data }) => JSON.parse(data).status)).size).toBe(60)
    expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 62 }, (_, n) => n))
  })
})
