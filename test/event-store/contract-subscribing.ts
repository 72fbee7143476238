/** The contract of subscriptions: everything once, in order, from any point, and on to what comes. */
import { expect, test } from 'vitest'
import {
  type Batch,
  type EventStore,
  type Position,
  START,
  type StoredEvent,
} from '../../src/event-store/event-store.ts'
import { batchesToHead, eventsAfter, newEvents, rightOf, type Subject } from './place.ts'

export const subscribing = (subject: Subject): void => {
  const append = async (stream: string, count: number) =>
    rightOf(await subject.store.append(stream, 'no_stream', newEvents(count))())

  test('where there is nothing to read it is caught up at once', async () => {
    // Others may have events in the same log, which move its position.
    const batches = await batchesToHead(subject.store)
    expect(batches.flatMap(({ events }) => events)).toEqual([])
    expect(batches.at(-1)?.caughtUp).toBe(true)
  })

  test('batches hold every event in order of position, none more than asked for, and end at the head', async () => {
    for (let n = 0; n < 10; n += 1) await append(`s${n}`, 3)
    for (const batchSize of [1, 4, 10, 29, 30, 31]) {
      const batches = await batchesToHead(subject.store, START, batchSize)
      const events = batches.flatMap((batch) => batch.events)
      expect(events.map(({ stream, revision }) => `${stream} ${revision}`)).toEqual(
        Array.from({ length: 30 }, (_, n) => `s${Math.floor(n / 3)} ${n % 3}`),
      )
      const positions = events.map(({ position }) => position)
      expect(positions).toEqual([...new Set(positions)].toSorted())
      for (const batch of batches) {
        expect(batch.events.length).toBeLessThanOrEqual(batchSize)
        if (batch.events.length > 0) expect(batch.position).toBe(batch.events.at(-1)?.position)
      }
      expect(batches.filter(({ caughtUp }) => caughtUp)).toEqual([batches.at(-1)])
      expect(batches.at(-1)?.position).toBe(rightOf(await subject.store.headPosition()()))
    }
  })

  test('it resumes after any position', async () => {
    for (let n = 0; n < 5; n += 1) await append(`s${n}`, 3)
    const all = await eventsAfter(subject.store)
    for (const [index, { position }] of all.entries())
      expect(await eventsAfter(subject.store, position)).toEqual(all.slice(index + 1))
  })

  test('what is appended after it caught up comes as well, in this process and to another reader', async () => {
    await append('before', 1)
    const reader = await subject.place.open('read')
    for (const store of [subject.store, reader]) {
      const follower = follow(store, START)
      const { length } = await follower.until((batch) => batch.caughtUp)
      const { position } = await append(`after ${length}`, 2)
      const events = await follower.until((batch) => batch.position >= position)
      expect(events.slice(length).map(({ stream }) => stream)).toEqual([`after ${length}`, `after ${length}`])
      await follower.end()
    }
  })

  test('what is appended while a batch is worked on comes next', async () => {
    const reader = await subject.place.open('read')
    for (const store of [subject.store, reader]) {
      const from = rightOf(await store.headPosition()())
      const stop = new AbortController()
      const batches = store.subscribe({ from, signal: stop.signal })[Symbol.asyncIterator]()
      let batch = (await batches.next()).value as Batch
      while (!batch.caughtUp) batch = (await batches.next()).value as Batch
      expect(batch.events).toEqual([])
      const { position } = await append(`meanwhile ${from}`, 1)
      expect((await batches.next()).value).toMatchObject({ position, caughtUp: true, events: [{ revision: 0 }] })
      stop.abort()
      expect((await batches.next()).done).toBe(true)
    }
  })

  test('while writers write, catching up and going on miss nothing and repeat nothing', async () => {
    const reader = await subject.place.open('read')
    const writer = async (name: string) => {
      for (let n = 0; n < 60; n += 1) await append(`${name}-${n}`, 1 + (n % 3))
    }
    const writing = Promise.all(['a', 'b', 'c', 'd'].map(writer))
    const followers = [follow(subject.store, START, 7), follow(reader, START, 7), follow(reader, START)]
    await writing
    const head = rightOf(await subject.store.headPosition()())
    const all = await eventsAfter(subject.store)
    expect(all).toHaveLength(4 * 20 * (1 + 2 + 3))
    for (const follower of followers) {
      expect(await follower.until((batch) => batch.position >= head)).toEqual(all)
      await follower.end()
    }
  })

  test('its position moves past events of another prefix', async () => {
    await append('own', 1)
    await subject.store.close()
    const foreign = await subject.place.open('write', 'other-')
    for (let n = 0; n < 20; n += 1) rightOf(await foreign.append(`f${n}`, 'no_stream', newEvents(1))())
    const head = rightOf(await foreign.headPosition()())
    await foreign.close()
    subject.store = await subject.place.open('write')
    const batches = await batchesToHead(subject.store, START, 8)
    expect(batches.flatMap(({ events }) => events.map(({ stream }) => stream))).toEqual(['own'])
    expect(batches.at(-1)).toMatchObject({ caughtUp: true })
    expect((batches.at(-1)?.position ?? START) >= head).toBe(true)
  })

  test('aborting ends it while it waits', async () => {
    const reader = await subject.place.open('read')
    for (const store of [subject.store, reader]) {
      const follower = follow(store, START)
      await follower.until((batch) => batch.caughtUp)
      await follower.end()
    }
  })

  test('aborting ends it between two batches', async () => {
    await append('a', 20)
    const stop = new AbortController()
    const seen: Batch[] = []
    for await (const batch of subject.store.subscribe({ from: START, signal: stop.signal, batchSize: 5 })) {
      seen.push(batch)
      stop.abort()
    }
    expect(seen).toHaveLength(1)
  })

  test('one that is aborted before it begins has nothing', async () => {
    await append('a', 1)
    for await (const batch of subject.store.subscribe({ from: START, signal: AbortSignal.abort() }))
      throw new Error(`got ${batch.events.length} events`)
  })

  test('leaving the loop ends it', async () => {
    await append('a', 20)
    const { signal } = new AbortController()
    for await (const batch of subject.store.subscribe({ from: START, signal, batchSize: 5 })) {
      // Others may have events in the same log before these.
      if (batch.events.length === 0) continue
      expect(batch.events).toHaveLength(5)
      break
    }
    await subject.store.close()
  })
}

type Follower = Readonly<{
  /** Everything that came, once a batch has come of which `seen` is true. */
  until: (seen: (batch: Batch) => boolean) => Promise<readonly StoredEvent[]>
  end: () => Promise<void>
}>

/** A subscription that runs beside the test. */
const follow = (store: EventStore, from: Position, batchSize = 512): Follower => {
  const stop = new AbortController()
  const events: StoredEvent[] = []
  const batches: Batch[] = []
  let next = Promise.withResolvers<void>()
  let ended = false
  const running = (async () => {
    for await (const batch of store.subscribe({ from, signal: stop.signal, batchSize })) {
      events.push(...batch.events)
      batches.push(batch)
      next.resolve()
      next = Promise.withResolvers<void>()
    }
    ended = true
  })()
  return {
    until: async (seen) => {
      while (!batches.some(seen)) {
        if (ended) throw new Error('the subscription ended')
        await Promise.race([next.promise, running])
      }
      return events
    },
    end: async () => {
      stop.abort()
      await running
    },
  }
}
