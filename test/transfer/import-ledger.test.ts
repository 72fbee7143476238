import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type EventStore, START, type StoredEvent } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { readRunAt } from '../../src/ledger/history.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import { exportLedger } from '../../src/transfer/export-ledger.ts'
import { importLedger, type Moved, type MoveWatch } from '../../src/transfer/import-ledger.ts'
import { checkLedgerFile } from '../../src/transfer/ledger-reader.ts'
import { openSource } from '../../src/transfer/source.ts'
import { breaking, type Fault } from '../support/breaking-store.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { textOf } from '../support/exports.ts'
import { rightOf } from '../support/scenario.ts'
import { openStandIn } from '../support/stand-ins.ts'
import { openStore, testDirectory } from '../support/stores.ts'

const quiet: MoveWatch = {
  onProgress: () => undefined,
  onOutage: () => undefined,
  signal: new AbortController().signal,
}

const headOf = async (store: EventStore) => {
  const head = await store.headPosition()()
  if (head._tag === 'Left') throw new Error(head.left.detail)
  return head.right
}

const logOf = async (store: EventStore): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const batch of store.subscribe({ from: START, signal: quiet.signal })) {
    events.push(...batch.events)
    if (batch.caughtUp) break
  }
  return events
}

const exported = async (store: EventStore): Promise<string> => {
  const file = join(testDirectory(), 'ledger.ndjson')
  writeFileSync(file, await textOf(exportLedger(store, await headOf(store), { ...quiet, allowEmpty: true })))
  return file
}

const sourceOf = async (file: string) => {
  const source = await openSource(file)()
  if (source._tag === 'Left') throw new Error(source.left.detail)
  return source.right
}

const into = async (store: EventStore, file: string, watch = quiet): Promise<Moved> =>
  importLedger(await sourceOf(file), store, watch)

const check = async (file: string) => checkLedgerFile(await sourceOf(file))

/** Runs whose events mix in the log, one that cannot be read, and one whose metadata are not the ledger's. */
const someLedger = async (runs = 20) => {
  const store = await openStore()
  const ledger = createLedger(store)
  const ids = Array.from({ length: runs }, (_, n) => `loan-${n}`)
  for (const step of [createRun, startRun, (id: string) => changeRun(id, 'SCORED'), completeRun])
    for (const answer of await ledger.executeBatch(ids.map((id) => step(id))))
      if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
  const foreign = (type: string, metadata: string) => ({
    event_id: crypto.randomUUID(),
    type,
    data: '{"x": 1 }',
    metadata,
  })
  await store.append('loan-0', 3, [foreign('RunTeleported', '{"schema_version":1}'), foreign('RunTeleported', '')])()
  return store
}

const withoutPlace = ({ position: _position, recorded_at: _recorded, ...event }: StoredEvent) => event

test('a moved ledger has the same events in the same order, byte for byte but for where they come from', async () => {
  const store = await someLedger()
  const moved = await openStore()
  const file = await exported(store)
  expect(await check(file)).toEqual({ _tag: 'Right', right: { events: 82, runs: 20 } })
  expect(await into(moved, file)).toEqual({
    counts: { events: 82, stored: 82, repeated: 0, displaced: 0 },
    end: { _tag: 'Complete' },
  })
  const before = await logOf(store)
  const after = await logOf(moved)
  const added = ({ recorded_at, position, metadata }: StoredEvent) =>
    metadata === '' ? '' : `${metadata.slice(0, -1)},"imported":${JSON.stringify({ recorded_at, position })}}`
  expect(after.map(withoutPlace)).toEqual(before.map((event) => ({ ...withoutPlace(event), metadata: added(event) })))
})

test('what the ledger knew at a time is the same after two moves', async () => {
  const store = await openStore()
  const ledger = createLedger(store)
  await ledger.execute(createRun('loan'))()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await ledger.execute(startRun('loan'))()
  const [once, twice] = [await openStore(), await openStore()]
  await into(once, await exported(store))
  await into(twice, await exported(once))
  for (const { recorded_at } of await logOf(store)) {
    const known = async (at: EventStore) => {
      const read = await readRunAt(at)('loan', { known_at: recorded_at })()
      return read._tag === 'Right' ? { run: read.right.run, revision: read.right.revision } : read.left
    }
    expect(await known(once)).toEqual(await known(store))
    expect(await known(twice)).toEqual(await known(store))
  }
})

describe('an import that was stopped', () => {
  test('goes on when it is repeated, and ends with the same log as one that was not', async () => {
    const file = await exported(await someLedger(1_100))
    const controller = new AbortController()
    const stopping = { ...quiet, onProgress: () => controller.abort(), signal: controller.signal }
    const [moved, whole] = [await openStore(), await openStore()]
    const stopped = await into(moved, file, stopping)
    expect(stopped).toMatchObject({ end: { _tag: 'Interrupted' }, counts: { stored: 2_048 } })
    expect(await into(moved, file)).toEqual({
      counts: { events: 4_402, stored: 4_402 - 2_048, repeated: 2_048, displaced: 0 },
      end: { _tag: 'Complete' },
    })
    await into(whole, file)
    const placed = (events: readonly StoredEvent[]) => events.map(({ recorded_at: _at, ...event }) => event)
    expect(placed(await logOf(moved))).toEqual(placed(await logOf(whole)))
    expect(await into(moved, file)).toMatchObject({ counts: { stored: 0, repeated: 4_402 } })
  })

  test('in the middle of events that are stored together goes on behind those that are there', async () => {
    const [store, moved] = [await openStore(), await openStore()]
    const ledger = createLedger(store)
    for (const command of [createRun('loan'), startRun('loan'), completeRun('loan')]) await ledger.execute(command)()
    const file = await exported(store)
    const { event_id, type, data, metadata } = (await logOf(store))[0] as StoredEvent
    await moved.append('loan', 'no_stream', [{ event_id, type, data, metadata }])()
    expect(await into(moved, file)).toMatchObject({ end: { _tag: 'Complete' } })
    expect((await logOf(moved)).map(({ event_id, revision }) => [event_id, revision])).toEqual(
      (await logOf(store)).map(({ event_id, revision }) => [event_id, revision]),
    )
  })
})

describe('a ledger that has something else is left alone', () => {
  test('where another run came first', async () => {
    const file = await exported(await someLedger())
    const other = await openStore()
    await createLedger(other).execute(createRun('somebody-elses'))()
    expect(await into(other, file)).toMatchObject({ end: { _tag: 'StoreNotEmpty' }, counts: { stored: 0 } })
    expect(await logOf(other)).toHaveLength(1)
  })

  test('where the same run has another event', async () => {
    const store = await someLedger()
    const file = await exported(store)
    const other = await openStore()
    const { event_id, type, data, metadata } = (await logOf(store))[0] as StoredEvent
    await other.append('loan-0', 'no_stream', [{ event_id, type, data, metadata }])()
    await createLedger(other).execute(startRun('loan-0'))()
    const moved = await into(other, file)
    expect(moved).toMatchObject({
      end: { _tag: 'StoreNotEmpty', detail: expect.stringContaining('revision 1 of loan-0') },
    })
  })
})

describe('a file that is not whole is refused', () => {
  const damaged = async (damage: (lines: string[]) => readonly string[]) => {
    const file = await exported(await someLedger(2))
    writeFileSync(
      file,
      damage(readFileSync(file, 'utf8').trimEnd().split('\n'))
        .map((line) => `${line}\n`)
        .join(''),
    )
    return check(file)
  }
  const refused = (line: number | null, said: string) => ({
    _tag: 'Left',
    left: { _tag: 'FileRefused', line, detail: expect.stringContaining(said) },
  })

  test.each<[string, (lines: string[]) => readonly string[], number | null, string]>([
    ['cut after a line', (lines) => lines.slice(0, 5), null, 'cut short'],
    ['cut inside a line', (lines) => [...lines.slice(0, 4), lines[4]?.slice(0, 50) ?? ''], 5, 'no JSON object'],
    ['with a gap', (lines) => lines.toSpliced(2, 1), 4, 'revision 2 of loan-0 follows revision 0'],
    ['that begins late', (lines) => lines.slice(1), 2, 'revision 1 of loan-0 follows nothing'],
    ['with lines that changed places', (lines) => [lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)], 2, 'position'],
    ['with a line twice', (lines) => [lines[0] ?? '', ...lines], 2, 'position'],
    ['joined to another', (lines) => [...lines, ...lines], 11, 'a file holds one export'],
    ['without any line', () => [], null, 'no events'],
  ])('%s', async (_what, damage, line, said) => expect(await damaged(damage)).toEqual(refused(line, said)))

  test('and what stands before the fault can be taken all the same, to be completed later', async () => {
    const file = await exported(await someLedger(2))
    const whole = readFileSync(file, 'utf8')
    const moved = await openStore()
    writeFileSync(file, whole.slice(0, whole.length / 2))
    expect(await into(moved, file)).toMatchObject({ end: { _tag: 'FileRefused' }, counts: { repeated: 0 } })
    writeFileSync(file, whole)
    expect(await into(moved, file)).toMatchObject({ end: { _tag: 'Complete' }, counts: { events: 10 } })
  })
})

describe('a store that fails in between', () => {
  const briefly = { giveUpAfter: 100, minDelay: 1, maxDelay: 5 }

  test('is asked again, and what was stored meanwhile behind later events is told', async () => {
    const file = await exported(await someLedger())
    const moved = await openStore()
    const faults: Fault[] = ['none', 'lost-after', 'none', 'refused', 'lost-before']
    const failing = breaking(moved, { append: faults })
    const told = await importLedger(await sourceOf(file), failing, quiet, briefly)
    // Two creates did not come through, so neither did the three events that follow each.
    expect(told).toMatchObject({ end: { _tag: 'Complete' }, counts: { events: 82, repeated: 0, displaced: 8 } })
    const revisions = (await logOf(moved)).filter(({ stream }) => stream === 'loan-3').map(({ revision }) => revision)
    expect(revisions).toEqual([0, 1, 2, 3])
    expect(await logOf(moved)).toHaveLength(82)
  })

  test('for good ends the import with what it got, and the next one goes on', async () => {
    const file = await exported(await someLedger())
    const moved = await openStore()
    const gone = Array.from({ length: 2_000 }, (_, n): Fault => (n < 10 ? 'none' : 'refused'))
    const told = await importLedger(await sourceOf(file), breaking(moved, { append: gone }), quiet, briefly)
    expect(told).toMatchObject({ end: { _tag: 'StoreLost' }, counts: { stored: 10 } })
    expect(await into(moved, file)).toMatchObject({ end: { _tag: 'Complete' }, counts: { repeated: 10 } })
    expect(await logOf(moved)).toHaveLength(82)
  })
})

describe('a move over EventStoreDB and back', () => {
  const openThere = async () => {
    const { address } = await openStandIn()
    const opened = await openEventStore({ kind: 'eventstoredb', address, prefix: 'there-' }, 'write')()
    if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
    onTestFinished(() => opened.right.close())
    return { there: opened.right }
  }

  test('keeps every event, their order, and what was known when', async () => {
    const store = await someLedger(60)
    const { there } = await openThere()
    const back = await openStore()
    expect(await into(there, await exported(store))).toMatchObject({
      end: { _tag: 'Complete' },
      counts: { stored: 242, repeated: 0, displaced: 0 },
    })
    expect(await into(back, await exported(there))).toMatchObject({ counts: { stored: 242, displaced: 0 } })
    const texts = (events: readonly StoredEvent[]) => events.map(withoutPlace)
    const once = await openStore()
    await into(once, await exported(store))
    expect(texts(await logOf(there))).toEqual(texts(await logOf(once)))
    expect(texts(await logOf(back))).toEqual(texts(await logOf(once)))
    const [first] = await logOf(store)
    const known = (at: EventStore) => readRunAt(at)('loan-1', { known_at: first?.recorded_at })()
    const { run, revision } = rightOf(await known(store))
    for (const moved of [there, back]) expect(rightOf(await known(moved))).toMatchObject({ run, revision })
  })
})
