import fc from 'fast-check'
import { version } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { EventStore, NewEvent } from '../../src/event-store/event-store.ts'
import type { CommandFailure } from '../../src/ledger/failures.ts'
import { readRunAt } from '../../src/ledger/history.ts'
import { createLedger, type Recorded } from '../../src/ledger/ledger.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { breaking, type Fault, type Faults } from '../support/breaking-store.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { eventsOf, openStore } from '../support/stores.ts'

const QUICK = { answerWithin: 250, retryPolicy: { tries: 10, minDelay: 1, maxDelay: 5 } }

/** The ledger made the command's id for it: it is no repeat. */
const NEW = { command_id_is_new: true } as const

const open = async (faults: Faults) => {
  const store = await openStore()
  return { store, ledger: createLedger(breaking(store, faults), QUICK) }
}

describe('an append whose answer was lost', () => {
  test.each<[string, Fault]>([
    ['after it was stored', 'lost-after'],
    ['before it was stored', 'lost-before'],
  ])('%s is settled by reading, and the event is there once', async (_, fault) => {
    const { store, ledger } = await open({ append: [fault] })
    expect(await ledger.execute(createRun('run'))()).toMatchObject({ right: { revision: 0, repeated: false } })
    expect(await eventsOf(store, 'run')).toHaveLength(1)
  })

  test('is settled although the next reads break too', async () => {
    const { store, ledger } = await open({ append: ['lost-after'], read: ['refused', 'refused', 'refused'] })
    expect(await ledger.execute(createRun('run'))()).toMatchObject({ right: { revision: 0 } })
    expect(await eventsOf(store, 'run')).toHaveLength(1)
  })

  test('and that no read settles in time is of unknown outcome; the same command again settles it', async () => {
    const { store, ledger } = await open({ append: ['lost-after'], read: ['stuck'] })
    const create = createRun('run')
    expect(await ledger.execute(create)()).toMatchObject({
      left: { _tag: 'CommandUnavailable', outcome: 'unknown', run_id: 'run', command_id: create.command_id },
    })
    expect(await createLedger(store).execute(create)()).toMatchObject({ right: { revision: 0, repeated: true } })
    expect(await eventsOf(store, 'run')).toHaveLength(1)
  })

  test('of a batch is settled for each command of it', async () => {
    const { store, ledger } = await open({ append: ['lost-after'] })
    const answers = await ledger.executeBatch([createRun('run'), startRun('run'), changeRun('run', 'X')])
    expect(answers).toMatchObject([0, 1, 2].map((revision) => ({ right: { revision, repeated: false } })))
    expect(await eventsOf(store, 'run')).toHaveLength(3)
  })
})

describe('the ids of events', () => {
  /** A ledger over a store that breaks, and the event ids of each append that it sends. */
  const observed = async (faults: Faults) => {
    const store = await openStore()
    const sent: (readonly NewEvent[])[] = []
    const broken = breaking(store, faults)
    const ledger = createLedger(
      {
        ...broken,
        append: (stream, expected, events) => {
          sent.push(events)
          return broken.append(stream, expected, events)
        },
      },
      QUICK,
    )
    return { store, ledger, sent }
  }

  test.each<Fault>(['lost-before', 'lost-after'])(
    'are UUIDv7, and those of the retry of an append (%s)',
    async (fault) => {
      const { store, ledger, sent } = await observed({ append: [fault, 'lost-before', 'lost-before'] })
      const commands = [createRun('run'), startRun('run')]
      for (const answer of await ledger.executeBatch(commands))
        expect(answer).toMatchObject({ right: { repeated: false } })
      const [first] = sent
      const ids = first?.map(({ event_id }) => event_id) ?? []
      expect(ids.map(version)).toEqual([7, 7])
      expect(new Set(ids).size).toBe(2)
      // Also byte for byte, so that it does not matter which of them is stored.
      for (const retry of sent) expect(retry).toEqual(first)
      expect((await eventsOf(store, 'run')).map(({ event_id }) => event_id)).toEqual(ids)
    },
  )

  test('are others in every other attempt, whether of the same command or of a conflict', async () => {
    const { store, ledger, sent } = await observed({ append: ['refused'] })
    const create = createRun('run', NEW)
    expect(await ledger.execute(create)()).toMatchObject({ left: { outcome: 'not_stored' } })
    expect(await ledger.execute(create)()).toMatchObject({ right: { repeated: false } })
    await createLedger(store).execute(startRun('run'))()
    expect(await ledger.execute(changeRun('run', 'X'))()).toMatchObject({ right: { revision: 2 } })
    expect(new Set(sent.flat().map(({ event_id }) => event_id)).size).toBe(sent.length)
    expect(new Set(sent.flat().map(({ metadata }) => JSON.parse(metadata).nonce)).size).toBe(sent.length)
  })
})

describe('a command that comes again', () => {
  test('while the store cannot be read is of unknown outcome: it is there, and its answer is missing', async () => {
    const { store, ledger } = await open({ append: ['none'], read: ['stuck'] })
    const create = createRun('run')
    await createLedger(store).execute(create)()
    expect(await ledger.execute({ ...create, correlation_id: 'another' })()).toMatchObject({
      left: { _tag: 'CommandUnavailable', outcome: 'unknown' },
    })
  })

  test('and whose append breaks is told from what this append stored', async () => {
    const { store, ledger } = await open({ append: ['lost-before'] })
    const create = createRun('run')
    await createLedger(store).execute(create)()
    expect(await ledger.execute({ ...create, correlation_id: 'another' })()).toMatchObject({
      right: { revision: 0, repeated: true },
    })
  })

  test('is answered in time although the Run of its first time cannot be read', async () => {
    const { store, ledger } = await open({ read: ['none', 'none', 'stuck'] })
    const create = createRun('run')
    for (const command of [create, startRun('run')]) await createLedger(store).execute(command)()
    expect(await ledger.execute(create)()).toMatchObject({
      left: { _tag: 'CommandUnavailable', outcome: 'unknown', detail: 'the store did not answer in time' },
    })
  })
})

describe('a store that says it stored nothing', () => {
  test('makes a command with a new id unavailable with that outcome', async () => {
    const { store, ledger } = await open({ append: ['refused'] })
    expect(await ledger.execute(createRun('run', NEW))()).toMatchObject({
      left: { _tag: 'CommandUnavailable', outcome: 'not_stored' },
    })
    expect(await eventsOf(store, 'run')).toEqual([])
  })

  test('leaves open what became of an earlier attempt, though a read did not show it', async () => {
    const { store, ledger } = await open({ append: ['refused', 'refused', 'refused'] })
    const create = createRun('run')
    expect(await ledger.execute(create)()).toMatchObject({ left: { _tag: 'CommandUnavailable', outcome: 'unknown' } })
    await createLedger(store).execute(create)()
    expect(await ledger.execute(create)()).toMatchObject({ right: { revision: 0, repeated: true } })
  })

  test('and cannot be read leaves it open', async () => {
    const { store, ledger } = await open({ append: ['refused'], read: ['refused'] })
    const create = createRun('run')
    await createLedger(store).execute(create)()
    expect(await ledger.execute(create)()).toMatchObject({ left: { _tag: 'CommandUnavailable', outcome: 'unknown' } })
    expect(await ledger.execute(create)()).toMatchObject({ right: { revision: 0, repeated: true } })
  })

  test('keeps back the later commands of the same run, so that none overtakes another', async () => {
    const { store, ledger } = await open({ append: ['refused'] })
    const commands = [createRun('a', NEW), startRun('a', NEW), createRun('b')]
    const answers = await ledger.executeBatch(commands)
    expect(answers).toMatchObject([
      { left: { _tag: 'CommandUnavailable', outcome: 'not_stored' } },
      { left: { _tag: 'CommandUnavailable', outcome: 'not_stored' } },
      { right: { revision: 0 } },
    ])
    expect(await eventsOf(store, 'a')).toEqual([])
    expect(await ledger.executeBatch(commands)).toMatchObject([
      { right: { revision: 0, repeated: false } },
      { right: { revision: 1, repeated: false } },
      { right: { revision: 0, repeated: true } },
    ])
  })
})

test('a store that hangs is answered for in time, and what waited behind it was not stored', async () => {
  const { store, ledger } = await open({ append: ['stuck'] })
  const [first, second] = await Promise.all([
    ledger.execute(createRun('run'))(),
    ledger.execute(startRun('run', NEW))(),
  ])
  expect(first).toMatchObject({ left: { _tag: 'CommandUnavailable', outcome: 'unknown' } })
  expect(second).toMatchObject({ left: { _tag: 'CommandUnavailable', outcome: 'not_stored' } })
  expect(await eventsOf(store, 'run')).toEqual([])
})

test('more commands under way than the limit are turned away at once', async () => {
  const store = await openStore()
  const ledger = createLedger(breaking(store, { append: ['stuck'] }), { ...QUICK, commandsUnderWay: 1 })
  const answers = await Promise.all([ledger.execute(createRun('a'))(), ledger.execute(createRun('b', NEW))()])
  expect(answers[1]).toMatchObject({ left: { _tag: 'CommandUnavailable', outcome: 'not_stored' } })
  expect(await eventsOf(store, 'b')).toEqual([])
})

test('a run that others keep writing to is contended after ten tries, and nothing was stored', async () => {
  const store = await openStore()
  const rival = createLedger(store)
  await rival.execute(createRun('run'))()
  await rival.execute(startRun('run'))()
  const ledger = createLedger(
    {
      ...store,
      // Whoever appends finds that the rival was faster.
      append: (stream, expected, events) => async () => {
        await rival.execute(changeRun('run', 'RIVAL'))()
        return store.append(stream, expected, events)()
      },
    },
    { ...QUICK, answerWithin: 5_000 },
  )
  const contended = (outcome: string) => ({ left: { _tag: 'RunContended', run_id: 'run', outcome } })
  expect(await ledger.execute(completeRun('run', NEW))()).toMatchObject(contended('not_stored'))
  expect(await ledger.execute(completeRun('run'))()).toMatchObject(contended('unknown'))
  expect((await eventsOf(store, 'run')).filter(({ type }) => type === 'RunCompleted')).toEqual([])
})

test('whatever breaks: an answered command is kept once, an unknown one once or not at all, and repeating settles it', async () => {
  const fault = fc.constantFrom<Fault>('none', 'none', 'lost-before', 'lost-after', 'refused')
  const faults = fc.array(fault, { maxLength: 30 })
  const command = fc.record({
    run: fc.constantFrom('a', 'b'),
    ledger: fc.nat(1),
    kind: fc.constantFrom('create', 'start', 'change', 'change', 'complete'),
  })
  const store = await openStore()
  const limits = { ...QUICK, answerWithin: 2_000 }
  let programs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 12 }),
      faults,
      faults,
      async (program, append, read) => {
        programs += 1
        const ledgers = [0, 1].map(() =>
          createLedger(breaking(store, { append: [...append], read: [...read] }), limits),
        )
        const commands = program.map(({ run, kind }) => commandOf(`${run}-${programs}`, kind))
        const answers = await Promise.all(
          commands.map((one, at) => ledgers[program[at]?.ledger ?? 0]?.execute(one)() as Promise<Answer>),
        )
        await expectKept(store, commands, answers)
        const again = await Promise.all(commands.map((one) => createLedger(store).execute(one)()))
        await expectKept(store, commands, again)
        for (const [at, answer] of answers.entries())
          if (answer._tag === 'Right')
            expect(again[at]).toEqual({ ...answer, right: { ...answer.right, repeated: true } })
        for (const run of new Set(commands.map(({ run_id }) => run_id))) await expectReadable(store, run)
      },
    ),
    { numRuns: Number(process.env['FC_NUM_RUNS'] ?? 300) },
  )
})

type Answer = { _tag: 'Left'; left: CommandFailure } | { _tag: 'Right'; right: Recorded }

const commandOf = (run: string, kind: string): RunCommand => {
  if (kind === 'create') return createRun(run)
  if (kind === 'start') return startRun(run)
  return kind === 'change' ? changeRun(run, 'IN_REVIEW') : completeRun(run)
}

const expectReadable = async (store: EventStore, run: string): Promise<void> => {
  const read = await readRunAt(store)(run)()
  expect(read._tag === 'Right' || read.left._tag === 'RunNotFound').toBe(true)
}

const expectKept = async (
  store: EventStore,
  commands: readonly RunCommand[],
  answers: readonly Answer[],
): Promise<void> => {
  const runs = [...new Set(commands.map(({ run_id }) => run_id))]
  const stored = (await Promise.all(runs.map((run) => eventsOf(store, run)))).flat()
  for (const [at, { command_id }] of commands.entries()) {
    const kept = stored.filter(({ metadata }) => JSON.parse(metadata).command_id === command_id).length
    const answer = answers[at] as Answer
    if (answer._tag === 'Right') expect(kept).toBe(1)
    else if ('outcome' in answer.left && answer.left.outcome === 'unknown') expect(kept).toBeLessThan(2)
    else expect(kept).toBe(0)
  }
}
