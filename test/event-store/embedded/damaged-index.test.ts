/** Damage in the log's unique index: it is noticed before anything is read or stored by it. */
import { copyFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEventStore } from '../../../src/event-store/open.ts'
import { misplaceInIndex } from '../../support/log-damage.ts'
import { openStore, testDirectory } from '../../support/stores.ts'
import { eventsAfter, leftOf, newEvents, rightOf } from '../place.ts'

const DAMAGED = {
  _tag: 'StoreUnavailable',
  outcome: 'not_stored',
  detail: expect.stringMatching(/damaged.*index.*backup/),
}

const openAt = (path: string, access: 'read' | 'write') =>
  openEventStore({ kind: 'embedded', path, prefix: 'run-' }, access)()

test('an append to a stream whose last event is lost from the index is refused, and others go on', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  rightOf(await store.append('a', 'no_stream', newEvents(3))())
  rightOf(await store.append('new', 'no_stream', newEvents(1))())
  misplaceInIndex(join(directory, 'events.db'), 3)
  misplaceInIndex(join(directory, 'events.db'), 4, 'elsewhere')
  expect(leftOf(await store.append('a', 1, newEvents(1))())).toEqual(DAMAGED)
  expect(leftOf(await store.append('a', 2, newEvents(1))())).toEqual(DAMAGED)
  expect(leftOf(await store.append('new', 'no_stream', newEvents(1))())).toEqual(DAMAGED)
  rightOf(await store.append('b', 'no_stream', newEvents(1))())
  expect(await eventsAfter(store)).toHaveLength(5)
})

test('a read of such a stream fails, from either end', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  rightOf(await store.append('a', 'no_stream', newEvents(3))())
  misplaceInIndex(join(directory, 'events.db'), 3)
  const read = (from: number | 'end', direction: 'forward' | 'backward') =>
    store.readStream('a', { from, direction, limit: 10 })()
  expect(leftOf(await read(0, 'forward'))).toEqual(DAMAGED)
  expect(leftOf(await read('end', 'backward'))).toEqual(DAMAGED)
  expect(rightOf(await read(1, 'backward')).events).toHaveLength(2)
})

test('a start after an end that left events in the write-ahead log compares index and table', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  rightOf(await store.append('a', 'no_stream', newEvents(3))())
  misplaceInIndex(join(directory, 'events.db'), 3)
  // What a killed process leaves behind.
  const killed = testDirectory()
  for (const name of readdirSync(directory).filter((each) => /^events\.db(-wal)?$/.test(each)))
    copyFileSync(join(directory, name), join(killed, name))
  expect(statSync(join(killed, 'events.db-wal')).size).toBeGreaterThan(0)
  expect(leftOf(await openAt(join(killed, 'events.db'), 'write'))).toMatchObject({
    _tag: 'StoreDamaged',
    detail: expect.stringMatching(/row 3 missing from index/),
  })
})
