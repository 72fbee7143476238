import { describe, expect, test } from 'vitest'
import { readRunAt, readTrail, replayRun } from '../../src/ledger/history.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { eventsOf, openStore } from '../support/stores.ts'

const day = (n: number) => `2026-05-0${n}T00:00:00.000Z`

/** A run of four events that occurred a day apart and were all recorded just now. */
const open = async () => {
  const store = await openStore()
  const ledger = createLedger(store)
  await ledger.executeBatch([
    createRun('run', { occurred_at: day(1) }),
    startRun('run', { occurred_at: day(2) }),
    changeRun('run', 'IN_REVIEW', { occurred_at: day(3), run_metadata: { reviewer: 'alice' } }),
    completeRun('run', { occurred_at: day(4) }),
  ])
  return {
    store,
    ledger,
    at: (moment?: Parameters<ReturnType<typeof readRunAt>>[1]) => readRunAt(store)('run', moment)(),
  }
}

describe('a run as of a time', () => {
  test.each([
    [day(1), 0, 'PENDING'],
    ['2026-05-02T12:00:00.000Z', 1, 'STARTED'],
    [day(3), 2, 'IN_REVIEW'],
    ['2026-05-03T23:59:59.999Z', 2, 'IN_REVIEW'],
    ['9999-12-31T23:59:59.999Z', 3, 'SUCCESS'],
  ])('%s is at revision %i', async (as_of, revision, status) => {
    const { at } = await open()
    expect(await at({ as_of })).toMatchObject({ right: { revision, run: { status } } })
  })

  test('before it was created says so, as against a run that never was', async () => {
    const { store, at } = await open()
    expect(await at({ as_of: '2026-04-30T23:59:59.999Z' })).toEqual({
      _tag: 'Left',
      left: { _tag: 'RunNotYetCreated', run_id: 'run' },
    })
    expect(await readRunAt(store)('nobody')()).toEqual({ _tag: 'Left', left: { _tag: 'RunNotFound' } })
  })

  test('is made of events that were recorded later all the same, unless known_at says otherwise', async () => {
    const { at } = await open()
    expect(await at({ as_of: day(4), known_at: day(4) })).toMatchObject({ left: { _tag: 'RunNotYetCreated' } })
  })
})

describe('a run as it was known at a time', () => {
  test('is the prefix before the first event recorded after it', async () => {
    const { store, ledger } = await open()
    await ledger.execute(createRun('late'))()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await ledger.execute(startRun('late'))()
    const [created, started] = await eventsOf(store, 'late')
    const known = (known_at: string) => readRunAt(store)('late', { known_at })()
    expect(await known(created?.recorded_at ?? '')).toMatchObject({ right: { revision: 0 } })
    expect(await known(started?.recorded_at ?? '')).toMatchObject({ right: { revision: 1 } })
  })

  test('counts the recorded time that an imported event brought along', async () => {
    const { store } = await open()
    const page = await eventsOf(store, 'run')
    const moved = page.map(({ event_id, type, data, metadata }, n) => ({
      event_id,
      type,
      data: data.replaceAll('"run_id":"run"', '"run_id":"moved"'),
      metadata: JSON.stringify({ ...JSON.parse(metadata), imported: { recorded_at: day(n + 5), position: '7' } }),
    }))
    await store.append('moved', 'no_stream', moved)()
    expect(await readRunAt(store)('moved', { known_at: day(6) })()).toMatchObject({ right: { revision: 1 } })
  })
})

describe('a run at a revision', () => {
  test.each([0, 1, 2, 3])('%i is the run after that event', async (revision) => {
    const { store, at } = await open()
    const position = (await eventsOf(store, 'run'))[revision]?.position
    expect(await at({ revision })).toMatchObject({ right: { revision, position } })
  })

  test('that it never had names the last one', async () => {
    const { at } = await open()
    expect(await at({ revision: 4 })).toEqual({
      _tag: 'Left',
      left: { _tag: 'NoSuchRevision', run_id: 'run', last: 3 },
    })
  })

  test('can be read though a later event cannot', async () => {
    const { store, ledger, at } = await open()
    await store.append('run', 3, [
      { event_id: crypto.randomUUID(), type: 'RunTeleported', data: '{}', metadata: '{}' },
    ])()
    expect(await at({ revision: 3 })).toMatchObject({ right: { run: { status: 'SUCCESS' } } })
    expect(await at({ as_of: day(3) })).toMatchObject({ right: { revision: 2 } })
    expect(await at()).toMatchObject({ left: { _tag: 'RunUnreadable', revision: 4, type: 'RunTeleported' } })
    expect(await ledger.execute(startRun('run'))()).toMatchObject({ left: { _tag: 'RunUnreadable', revision: 4 } })
  })
})

test('a moment before an event that cannot be read asks nothing of it', async () => {
  const { store, at } = await open()
  const [last] = (await eventsOf(store, 'run')).slice(-1)
  await new Promise((resolve) => setTimeout(resolve, 5))
  const occurred_at = day(9)
  await store.append('run', 3, [
    { event_id: crypto.randomUUID(), type: 'RunTeleported', data: JSON.stringify({ occurred_at }), metadata: '{}' },
  ])()
  expect(await at({ known_at: last?.recorded_at as string })).toMatchObject({ right: { revision: 3 } })
  expect(await at({ as_of: day(8) })).toMatchObject({ right: { revision: 3 } })
  expect(await at({ as_of: day(9) })).toMatchObject({ left: { _tag: 'RunUnreadable', revision: 4 } })
  expect(await at({ known_at: '9999-01-01T00:00:00.000Z' })).toMatchObject({ left: { _tag: 'RunUnreadable' } })
})

test('a long history is read in pages, and every revision of it can be had', async () => {
  const { store, ledger } = await open()
  const changes = Array.from({ length: 1_200 }, (_, n) => changeRun('long', `S${n}`))
  await ledger.executeBatch([createRun('long'), startRun('long'), ...changes])
  for (const revision of [511, 512, 513, 1_023, 1_024, 1_201])
    expect(await readRunAt(store)('long', { revision })()).toMatchObject({
      right: { revision, run: { status: `S${revision - 2}` } },
    })
})

describe('event by event', () => {
  test('a run is replayed up to its moment, each step from where the one before ended', async () => {
    const { store } = await open()
    const steps: string[] = []
    const replayed = await replayRun(store)('run', { as_of: day(3) }, (stored, { before, after }) => {
      steps.push(`${stored.revision} ${before?.status ?? '-'} ${after.status}`)
    })()
    expect(steps).toEqual(['0 - PENDING', '1 PENDING STARTED', '2 STARTED IN_REVIEW'])
    expect(replayed).toEqual(await readRunAt(store)('run', { as_of: day(3) })())
  })

  test('its trail has every event, without what they did from the first on that cannot be read', async () => {
    const { store } = await open()
    const foreign = () => ({ event_id: crypto.randomUUID(), type: 'RunTeleported', data: '{}', metadata: '{}' })
    await store.append('run', 3, [foreign(), foreign()])()
    const trail: (string | null)[] = []
    const read = await readTrail(store)('run', (_stored, transition) => {
      trail.push(transition?.after.status ?? null)
    })()
    expect(trail).toEqual(['PENDING', 'STARTED', 'IN_REVIEW', 'SUCCESS', null, null])
    expect(read).toMatchObject({ right: { _tag: 'RunUnreadable', revision: 4, type: 'RunTeleported' } })
    expect(await readTrail(store)('nobody', () => undefined)()).toMatchObject({ left: { _tag: 'RunNotFound' } })
  })
})
