/** What every store does with what a projector writes, whichever database it is. */
import { describe, expect, test } from 'vitest'
import { type Position, START, type StoredEvent } from '../../src/event-store/event-store.ts'
import { type Batch, type ProjectionStore, type TableSet, UNKNOWN_RUN } from '../../src/read-model/projection-store.ts'
import { foldBatch } from '../../src/read-model/projector/fold-batch.ts'
import type { ReadModelStore } from '../support/read-model/read-model-stores.ts'
import { positionAt, storedAs } from '../support/read-model/read-models.ts'
import { at, changed, completed, created, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const LIFE = [
  created({ run_group_id: 'monday', run_metadata: { channel: 'web', step: 1 } }),
  started(),
  changed({ run_metadata: { step: 2 } }),
  completed({ result: 'APPROVED', run_metadata: { channel: null } }),
]

/** A run's events, at positions from `first` on. */
const eventsOf = (run_id: string, first: number): readonly StoredEvent[] =>
  LIFE.map((event, i) => storedAs(run_id, i, first + i, event))

const MANY = Number.POSITIVE_INFINITY

/** The batch that moves all of `tables` by `events`, from where they are. */
const batchOf = async (tables: TableSet, events: readonly StoredEvent[]): Promise<Batch> => {
  const marks = rightOf(await tables.parts())
  if (marks.length === 0) throw new Error('these tables were not begun')
  const states = rightOf(await tables.loadStates([...new Set(events.map(({ stream }) => stream))], MANY)())
  const [first] = events
  const last = events.at(-1)
  if (first === undefined || last === undefined) throw new Error('a batch without events')
  const fences = marks.map(({ part, epoch, position }) => ({ part, epoch, from: position, to: last.position }))
  return { fences, events: { first, last, count: events.length }, changes: foldBatch(states, events) }
}

const write = async (tables: TableSet, events: readonly StoredEvent[]) =>
  rightOf(await tables.commit(await batchOf(tables, events))())

const begun = async (store: ProjectionStore): Promise<ProjectionStore> => {
  rightOf(await store.beginLive())
  return store
}

const positionOf = async (tables: TableSet): Promise<Position | null> =>
  rightOf(await tables.checkpoint())?.position ?? null

export const projectionStoreContract = ({
  name,
  openForWriting,
}: Pick<ReadModelStore, 'name' | 'openForWriting'>): void => {
  describe(`${name} keeps the contract of the projection store`, () => {
    test('tables that were not begun have no checkpoint; begun, they stand at the beginning of the log', async () => {
      const { store } = await openForWriting()
      expect(rightOf(await store.live.checkpoint())).toBeNull()
      await begun(store)
      expect(rightOf(await store.live.checkpoint())).toEqual({
        isCurrent: true,
        generation: 1,
        position: START,
        last_event_position: START,
        event_id: null,
        event_stream: null,
        event_revision: null,
        first_event_id: null,
      })
    })

    test('a commit writes the rows and moves the checkpoint, which remembers its first and last event', async () => {
      const { store, contents } = await openForWriting()
      const { live } = await begun(store)
      const events = eventsOf('one', 1)
      await write(live, events)
      expect((await contents()).runs).toMatchObject([
        { run_id: 'one', status: 'SUCCESS', result: 'APPROVED', revision: 3 },
      ])
      expect((await contents()).metadata_values).toMatchObject([{ key: 'step', value: '2' }])
      expect((await contents()).run_group_statuses).toEqual([{ run_group_id: 'monday', status: 'SUCCESS', runs: 1 }])
      expect(rightOf(await live.checkpoint())).toMatchObject({
        position: positionAt(4),
        last_event_position: positionAt(4),
        event_id: events[3]?.event_id,
        event_stream: 'one',
        event_revision: 3,
        first_event_id: events[0]?.event_id,
      })
      await write(live, eventsOf('two', 5))
      expect(rightOf(await live.checkpoint())).toMatchObject({
        first_event_id: events[0]?.event_id,
        event_stream: 'two',
      })
      expect((await contents()).run_groups).toMatchObject([{ run_group_id: 'monday', runs: 2 }])
    })

    test('the same events in any batches make the same rows', async () => {
      const [whole, single] = [await openForWriting(), await openForWriting()]
      await write((await begun(whole.store)).live, eventsOf('one', 1))
      const { live } = await begun(single.store)
      for (const event of eventsOf('one', 1)) await write(live, [event])
      expect(await single.contents()).toEqual(await whole.contents())
    })

    test('a state that was committed is loaded as it was', async () => {
      const { store } = await openForWriting()
      const { live } = await begun(store)
      const states = await write(live, eventsOf('one', 1).slice(0, 3))
      const loaded = rightOf(await live.loadStates(['one', 'unknown'], MANY)())
      expect(loaded.get('one')).toEqual({ ...states.get('one'), inputCharacters: '{}'.length })
      expect(loaded.get('unknown')).toEqual(UNKNOWN_RUN)
    })

    test('of runs that are large together only the first are loaded, but at least one', async () => {
      const { store } = await openForWriting()
      const { live } = await begun(store)
      const large = created({ input_data: { text: 'x'.repeat(10_000) } })
      const runs = ['a', 'b', 'c', 'd']
      await write(
        live,
        runs.map((run_id, i) => storedAs(run_id, 0, i + 1, large)),
      )
      expect([...rightOf(await live.loadStates(runs, 15_000)()).keys()]).toEqual(['a', 'b'])
      expect([...rightOf(await live.loadStates(runs, 1)()).keys()]).toEqual(['a'])
    })

    test('a batch that begins elsewhere than the checkpoint is lost, and writes nothing', async () => {
      const { store, another, contents } = await openForWriting()
      const { live } = await begun(store)
      const stale = await batchOf(another().live, eventsOf('one', 1))
      await write(live, eventsOf('two', 1))
      const before = await contents()
      expect(await live.commit(stale)()).toEqual({ _tag: 'Left', left: { _tag: 'FenceLost' } })
      expect(await contents()).toEqual(before)
      expect(await positionOf(live)).toBe(positionAt(4))
    })

    test('a batch of another epoch is lost, too', async () => {
      const { store } = await openForWriting()
      const { live } = await begun(store)
      const batch = await batchOf(live, eventsOf('one', 1))
      const fences = batch.fences.map((fence) => ({ ...fence, epoch: fence.epoch + 1 }))
      expect(await live.commit({ ...batch, fences })()).toMatchObject({ left: { _tag: 'FenceLost' } })
    })

    test('a batch whose changes cannot all be made writes none of them, and can be made again', async () => {
      const { store, contents } = await openForWriting()
      const { live } = await begun(store)
      const batch = await batchOf(live, eventsOf('one', 1))
      const breaking = (function* () {
        yield* foldBatch(new Map([['one', UNKNOWN_RUN]]), eventsOf('one', 1).slice(0, 2))
        throw new Error('broken')
      })() as Batch['changes']
      await expect(async () => live.commit({ ...batch, changes: breaking })()).rejects.toThrow('broken')
      expect((await contents()).runs).toEqual([])
      expect(await positionOf(live)).toBe(START)
      await write(live, eventsOf('one', 1))
      expect((await contents()).runs).toHaveLength(1)
    })

    test('quarantined runs are named, by id', async () => {
      const { store } = await openForWriting()
      const { live } = await begun(store)
      await write(live, [storedAs('z', 1, 1, started()), storedAs('a', 2, 2, changed({ occurred_at: at(9) }))])
      expect(rightOf(await live.quarantined())).toMatchObject([
        { run_id: 'a', revision: 2, type: 'RunStatusChanged' },
        { run_id: 'z', revision: 1, type: 'RunStarted' },
      ])
    })

    test('a rebuild is made beside the live tables, and takes their place at once', async () => {
      const { store, contents } = await openForWriting()
      const { live, next } = await begun(store)
      await write(live, eventsOf('old', 1))
      expect(rightOf(await store.beginNext())).toMatchObject({ generation: 2, position: START })
      await write(next, eventsOf('new', 1))
      expect((await contents()).runs).toMatchObject([{ run_id: 'old' }])
      await untilDone(store.indexNext)
      rightOf(await store.switchToNext())
      expect((await contents()).runs).toMatchObject([{ run_id: 'new' }])
      expect(rightOf(await live.checkpoint())).toMatchObject({ generation: 2, position: positionAt(4) })
      expect(rightOf(await next.checkpoint())).toBeNull()
      await untilDone(store.dropReplaced)
      await write(live, eventsOf('newer', 5))
      expect((await contents()).runs).toMatchObject([{ run_id: 'new' }, { run_id: 'newer' }])
    })

    test('a rebuild goes on where it was, and begun again it begins anew', async () => {
      const { store, another } = await openForWriting()
      await begun(store)
      rightOf(await store.beginNext())
      await write(store.next, eventsOf('one', 1))
      expect(await positionOf(another().next)).toBe(positionAt(4))
      rightOf(await store.beginNext())
      expect(await positionOf(store.next)).toBe(START)
      expect(rightOf(await store.next.loadStates(['one'], MANY)()).get('one')).toEqual(UNKNOWN_RUN)
    })

    test('a heartbeat moves nothing', async () => {
      const { store } = await openForWriting()
      const { live, heartbeat } = await begun(store)
      rightOf(await heartbeat())
      expect(await positionOf(live)).toBe(START)
    })
  })
}

const untilDone = async (steps: ProjectionStore['indexNext']): Promise<void> => {
  while (rightOf(await steps()) === 'more');
}
