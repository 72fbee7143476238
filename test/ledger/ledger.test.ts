import { right } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { type EventStore, MAX_APPEND_EVENTS, START } from '../../src/event-store/event-store.ts'
import { hashOf } from '../../src/ledger/command-index.ts'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { rightOf } from '../support/scenario.ts'
import { eventsOf, openStore } from '../support/stores.ts'

const open = async () => {
  const store = await openStore()
  const ledger = createLedger(store)
  const taken = async (command: RunCommand) => {
    const answer = await ledger.execute(command)()
    if (answer._tag === 'Left') throw new Error(`refused: ${JSON.stringify(answer.left)}`)
    return answer.right
  }
  const refused = async (command: RunCommand) => {
    const answer = await ledger.execute(command)()
    if (answer._tag === 'Right') throw new Error('taken, though it must be refused')
    return answer.left
  }
  return { store, ledger, taken, refused }
}

const answering = (ledger: Ledger) => ({
  execute: async (command: RunCommand) => rightOf(await ledger.execute(command)()),
})

/** Two ids with one hash. */
const sameHash = (): [string, string] => {
  const ids = new Map<number, string>()
  for (let n = 0; ; n += 1) {
    const other = ids.get(hashOf(`id-${n}`))
    if (other !== undefined) return [other, `id-${n}`]
    ids.set(hashOf(`id-${n}`), `id-${n}`)
  }
}

describe('a command', () => {
  test('is answered with the Run after its event, at the revision and position of that event', async () => {
    const { store, taken } = await open()
    const created = await taken(createRun('run', { input_data: { amount: 5000 } }))
    const started = await taken(startRun('run'))
    expect(created).toMatchObject({
      revision: 0,
      repeated: false,
      run: { status: 'PENDING', input_data: { amount: 5000 } },
    })
    expect(started).toMatchObject({ revision: 1, repeated: false, run: { status: 'STARTED' } })
    expect((await eventsOf(store, 'run')).map(({ position }) => position)).toEqual([created.position, started.position])
  })

  test('stores 128 random bits with its event, new ones each time', async () => {
    const store = await openStore()
    let calls = 0
    const random = () => Buffer.alloc(16, ++calls)
    await createLedger(store, { random }).executeBatch([createRun('run'), startRun('run')])
    await createLedger(store).execute(changeRun('run', 'S'))()
    const nonces = (await eventsOf(store, 'run')).map(({ metadata }) => JSON.parse(metadata).nonce)
    expect(nonces).toEqual(['AQEBAQEBAQEBAQEBAQEBAQ', 'AgICAgICAgICAgICAgICAg', expect.stringMatching(/^[\w-]{22}$/)])
  })

  test('that is refused leaves no event', async () => {
    const { store, refused } = await open()
    expect(await refused(startRun('nobody'))).toEqual({ _tag: 'RunNotFound' })
    expect(await eventsOf(store, 'nobody')).toEqual([])
  })

  test('whose event is too large is refused with its size, and the run goes on', async () => {
    const { refused, taken } = await open()
    expect(await refused(createRun('run', { input_data: { text: 'x'.repeat(1_000_000) } }))).toMatchObject({
      _tag: 'EventTooLarge',
    })
    expect(await taken(createRun('run'))).toMatchObject({ revision: 0 })
  })

  test('of one run waits for the one before it: a hundred at once are all kept, in order', async () => {
    const { store, ledger } = await open()
    await ledger.execute(createRun('run'))()
    await ledger.execute(startRun('run'))()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => ledger.execute(changeRun('run', `S${n}`))()),
    )
    expect(answers.every(({ _tag }) => _tag === 'Right')).toBe(true)
    const statuses = (await eventsOf(store, 'run')).slice(2).map(({ data }) => JSON.parse(data).status)
    expect(statuses).toEqual(Array.from({ length: 100 }, (_, n) => `S${n}`))
  })

  test('that expects another revision is refused with the current one', async () => {
    const { taken, refused } = await open()
    await taken(createRun('run'))
    expect(await refused(startRun('run', { expected_revision: 4 }))).toMatchObject({
      _tag: 'WrongRevision',
      revision: 0,
    })
    expect(await taken(startRun('run', { expected_revision: 0 }))).toMatchObject({ revision: 1 })
  })
})

describe('a command that comes again', () => {
  test('stores nothing and gets the answer of its first time, though the run went on', async () => {
    const { store, taken } = await open()
    const create = createRun('run')
    const start = startRun('run')
    const first = [await taken(create), await taken(start)]
    await taken(completeRun('run'))
    const again = [await taken(create), await taken(start)]
    expect(again).toEqual(first.map((answer) => ({ ...answer, repeated: true })))
    expect(await eventsOf(store, 'run')).toHaveLength(3)
  })

  test('comes before If-Match and before the rules of the run', async () => {
    const { taken } = await open()
    await taken(createRun('run'))
    const start = startRun('run', { expected_revision: 0 })
    await taken(start)
    await taken(completeRun('run'))
    expect(await taken(start)).toMatchObject({ revision: 1, repeated: true })
  })

  test('is known to a ledger that never saw it', async () => {
    const { store, taken } = await open()
    const create = createRun('run')
    const start = startRun('run')
    await taken(create)
    await taken(start)
    const other = createLedger(store)
    expect(await other.execute(create)()).toMatchObject({ right: { revision: 0, repeated: true } })
    expect(await other.execute(start)()).toMatchObject({ right: { revision: 1, repeated: true } })
  })

  test.each([
    ['another reason', { reason: 'other' }],
    ['another actor', { actor: 'bob' }],
    ['another policy version', { policy_version_id: 'other' }],
    ['other input data', { input_data: { amount: 2 } }],
    ['another explicit time', { occurred_at: '2020-01-01T00:00:00.001Z' }],
  ])('with %s is not the same command', async (_, other) => {
    const { taken, refused } = await open()
    const create = createRun('run', { input_data: { amount: 1 }, occurred_at: '2020-01-01T00:00:00.000Z' })
    await taken(create)
    expect(await refused({ ...create, ...other })).toEqual({ _tag: 'IdempotencyKeyReused', run_id: 'run', revision: 0 })
  })

  test.each([
    ['without the explicit time', { occurred_at: undefined }],
    ['by another way', { recorded_by: { principal: null, via: 'import' as const } }],
    ['with its keys in another order', { input_data: { b: -0, a: 1 } }],
  ])('%s is the same command', async (_, other) => {
    const { taken } = await open()
    const create = createRun('run', { input_data: { a: 1, b: 0 }, occurred_at: '2020-01-01T00:00:00.000Z' })
    await taken(create)
    expect(await taken({ ...create, ...other })).toMatchObject({ revision: 0, repeated: true })
  })

  test('is told from a command whose id only has the same hash', async () => {
    const { store, taken } = await open()
    const [one, other] = sameHash()
    await taken(createRun('run'))
    await taken(startRun('run', { command_id: one }))
    for (const ledger of [{ execute: taken }, answering(createLedger(store))]) {
      const change = changeRun('run', 'S', { command_id: other })
      expect(await ledger.execute(change)).toMatchObject({ revision: 2, repeated: ledger.execute !== taken })
    }
    expect(await eventsOf(store, 'run')).toHaveLength(3)
  })

  test('as another kind of command is not the same command', async () => {
    const { taken, refused } = await open()
    const create = createRun('run')
    await taken(create)
    expect(await refused(startRun('run', { command_id: create.command_id }))).toMatchObject({
      _tag: 'IdempotencyKeyReused',
    })
  })

  test('at the same moment is stored once', async () => {
    const { store, ledger } = await open()
    const create = createRun('run')
    const answers = await Promise.all([ledger.execute(create)(), ledger.execute(create)(), ledger.execute(create)()])
    expect(answers.map((answer) => answer._tag === 'Right' && answer.right.repeated).sort()).toEqual([
      false,
      true,
      true,
    ])
    expect(await eventsOf(store, 'run')).toHaveLength(1)
  })
})

describe('a batch', () => {
  test('keeps the order inside a run, goes on past a refused line, and answers in the order given', async () => {
    const { store, ledger } = await open()
    const answers = await ledger.executeBatch([
      createRun('a'),
      createRun('b'),
      changeRun('a', 'TOO_EARLY'),
      startRun('a'),
      startRun('nobody'),
      changeRun('a', 'IN_REVIEW'),
      completeRun('b', { status: 'CANCELLED', result: undefined }),
      completeRun('a'),
      changeRun('a', 'TOO_LATE'),
    ])
    expect(answers.map((answer) => (answer._tag === 'Right' ? answer.right.revision : answer.left._tag))).toEqual([
      0,
      0,
      'RunNotStarted',
      1,
      'RunNotFound',
      2,
      1,
      3,
      'RunCompleted',
    ])
    expect((await eventsOf(store, 'a')).map(({ type }) => type)).toEqual([
      'RunCreated',
      'RunStarted',
      'RunStatusChanged',
      'RunCompleted',
    ])
  })

  test('given again stores nothing, and its answers are the same but for being repeats', async () => {
    const { store, ledger } = await open()
    const commands = [
      createRun('a'),
      startRun('a'),
      createRun('b'),
      changeRun('a', 'X'),
      changeRun('a', 'X'),
      completeRun('a'),
    ]
    const first = await ledger.executeBatch(commands)
    const head = await store.headPosition()()
    const positions = new Map<string, string>()
    for await (const { events, caughtUp } of store.subscribe({ from: START, signal: new AbortController().signal })) {
      for (const { stream, revision, position } of events) positions.set(`${stream} ${revision}`, position)
      if (caughtUp) break
    }
    const repeats = first.map((answer) => {
      const { run_id, revision } = rightOf(answer)
      return right({ run_id, revision, position: positions.get(`${run_id} ${revision}`), repeated: true })
    })
    for (const again of [await ledger.executeBatch(commands), await createLedger(store).executeBatch(commands)])
      expect(again).toEqual(repeats)
    expect(await store.headPosition()()).toEqual(head)
  })

  test('with the same command twice stores it once', async () => {
    const { ledger } = await open()
    const create = createRun('a')
    expect(await ledger.executeBatch([create, create])).toMatchObject([
      { right: { repeated: false, revision: 0 } },
      { right: { repeated: true, revision: 0 } },
    ])
  })

  test('of events that no single append can hold is stored all the same', async () => {
    const { store, ledger } = await open()
    const big = { text: 'x'.repeat(150_000) }
    const commands = [createRun('a', { input_data: { text: 'x'.repeat(900_000) } }), startRun('a')]
    for (let n = 0; n < 20; n += 1) commands.push(changeRun('a', `S${n}`, { run_metadata: { big: big.text } }) as never)
    const answers = await ledger.executeBatch(commands)
    expect(answers.every(({ _tag }) => _tag === 'Right')).toBe(true)
    expect(await eventsOf(store, 'a')).not.toHaveLength(0)
    expect(await store.backlog('0'.repeat(20))()).toMatchObject({ right: { events: 22 } })
  })

  test('of very many small events is stored by appends that no server finds too large', async () => {
    const inner = await openStore()
    const sizes: number[] = []
    const append: EventStore['append'] = (stream, expected, events) => {
      sizes.push(events.length)
      return inner.append(stream, expected, events)
    }
    const changes = Array.from({ length: 2_100 }, (_, n) => changeRun('a', `S${n}`))
    const answers = await createLedger({ ...inner, append }).executeBatch([createRun('a'), startRun('a'), ...changes])
    expect(answers.filter(({ _tag }) => _tag === 'Left')).toEqual([])
    expect(sizes).toEqual([MAX_APPEND_EVENTS, MAX_APPEND_EVENTS, 102])
  })
})
