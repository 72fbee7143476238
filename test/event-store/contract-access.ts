/** The contract of the access stream: a stream beside the log, in the same store, that nothing else shows. */
import { expect, test } from 'vitest'
import { type Batch, type EventStore, START } from '../../src/event-store/event-store.ts'
import { eventsAfter, leftOf, newEvent, newEvents, rightOf, type Subject } from './place.ts'

const readAll = async ({ access }: EventStore) =>
  rightOf(await access.read({ from: 0, direction: 'forward', limit: 100 })()).events

export const accessing = (subject: Subject): void => {
  test('it is empty at first, and takes appends with the revision expected', async () => {
    const { access } = subject.store
    expect(await readAll(subject.store)).toEqual([])
    const [first, ...rest] = newEvents(3)
    expect(rightOf(await access.append('no_stream', [first ?? newEvent()])()).revision).toBe(0)
    expect(leftOf(await access.append('no_stream', newEvents(1))())).toMatchObject({
      _tag: 'WrongExpectedRevision',
      actual: 0,
    })
    expect(rightOf(await access.append(0, rest)()).revision).toBe(2)
    expect(await readAll(subject.store)).toMatchObject([
      { ...first, stream: '', revision: 0 },
      { ...rest[0], stream: '', revision: 1 },
      { ...rest[1], stream: '', revision: 2 },
    ])
  })

  test('the log does not show it: neither its subscriptions nor its head nor its backlog', async () => {
    const { store } = subject
    rightOf(await store.access.append('no_stream', newEvents(2))())
    expect(rightOf(await store.headPosition()())).toBe(START)
    expect(rightOf(await store.backlog(START)())).toEqual({ events: 0, oldest_recorded_at: null })
    const { position } = rightOf(await store.append('s', 'no_stream', newEvents(2))())
    rightOf(await store.access.append(1, newEvents(3))())
    expect(rightOf(await store.headPosition()())).toBe(position)
    expect(rightOf(await store.backlog(START)()).events).toBe(2)
    expect((await eventsAfter(store)).map(({ stream }) => stream)).toEqual(['s', 's'])
  })

  test('each prefix has its own', async () => {
    // Closed first: a store with one owner has one writer.
    await subject.store.close()
    const other = await subject.place.open('write', 'run-other-')
    rightOf(await other.access.append('no_stream', newEvents(1))())
    await other.close()
    const store = await subject.place.open('write')
    expect(await readAll(store)).toEqual([])
    expect(rightOf(await store.access.append('no_stream', newEvents(1))()).revision).toBe(0)
  })

  test('a subscription brings its events and the new ones, here and to another reader, and nothing of the log', async () => {
    const { store } = subject
    rightOf(await store.access.append('no_stream', newEvents(2))())
    const { position: from } = rightOf(await store.append('s', 'no_stream', newEvents(3))())
    const reader = await subject.place.open('read')
    for (const [each, begin] of [
      [store, START],
      [reader, START],
      [reader, from],
    ] as const) {
      const before = await readAll(store)
      const stop = new AbortController()
      const batches = each.access.subscribe({ from: begin, signal: stop.signal, batchSize: 1 })[Symbol.asyncIterator]()
      const next = async () => (await batches.next()).value as Batch
      const seen: number[] = []
      const wanted = begin === START ? before.map(({ revision }) => revision) : [2, 3]
      while (seen.length < wanted.length) seen.push(...(await next()).events.map(({ revision }) => revision))
      expect(seen).toEqual(wanted)
      rightOf(await store.append(`run ${before.length}`, 'no_stream', newEvents(1))())
      rightOf(await store.access.append(before.length - 1, newEvents(1))())
      for (let batch = await next(); ; batch = await next()) {
        expect(batch.events.map(({ stream }) => stream).filter((stream) => stream !== '')).toEqual([])
        if (batch.events.length > 0) {
          expect(batch.events).toMatchObject([{ revision: before.length }])
          break
        }
      }
      stop.abort()
      expect((await batches.next()).done).toBe(true)
    }
  })

  test('who may only read cannot append to it, and a closed store refuses everything', async () => {
    const reader = await subject.place.open('read')
    expect(leftOf(await reader.access.append('no_stream', newEvents(1))())).toMatchObject({ _tag: 'StoreUnavailable' })
    await subject.store.close()
    const { access } = subject.store
    expect(leftOf(await access.append('no_stream', newEvents(1))())).toMatchObject({ outcome: 'not_stored' })
    expect(leftOf(await access.read({ from: 0, direction: 'forward', limit: 1 })())).toMatchObject({
      _tag: 'StoreUnavailable',
    })
  })
}
