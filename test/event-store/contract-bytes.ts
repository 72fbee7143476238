/** The contract of bytes: what a verifier hashes is what is stored, of access events as well. */
import { expect, test } from 'vitest'
import { START } from '../../src/event-store/event-store.ts'
import { batchesToHead, eventsAfter, newEvent, newEvents, rightOf, type Subject } from './place.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

export const bytes = (subject: Subject): void => {
  const eventsWithBytes = async (batchSize?: number) =>
    (await batchesToHead(subject.store, START, batchSize, true)).flatMap(({ events }) => events)

  test('events come with the bytes of their data and metadata where these are asked for, and without elsewhere', async () => {
    const event = newEvent({ data: '{"b":1, "text":"\u00e9 \ufffd \ud83d\ude00"}', metadata: '{ "who":"x" }' })
    rightOf(await subject.store.append('a', 'no_stream', [event, newEvent()])())
    const stored = { data: utf8(event.data), metadata: utf8(event.metadata), revision: 0n }
    const options = { from: 0, direction: 'forward', limit: 10 } as const
    const page = rightOf(await subject.store.readStream('a', { ...options, withBytes: true })())
    expect(page.events[0]).toMatchObject({ ...event, bytes: stored })
    expect(await eventsWithBytes()).toEqual(page.events)
    const bare = rightOf(await subject.store.readStream('a', options)())
    expect(bare.events).toEqual(page.events.map(({ bytes: _bytes, ...rest }) => rest))
    expect(await eventsAfter(subject.store)).toEqual(bare.events)
  })

  test('access events of this ledger, and of no other, come in their place where bytes are asked for', async () => {
    await subject.store.append('a', 'no_stream', newEvents(1))()
    await subject.store.close()
    const access = await subject.place.openAccess()
    const { position: last } = rightOf(await access.store.append(access.stream, 'no_stream', newEvents(2))())
    rightOf(await access.store.append(`${access.stream}2`, 'no_stream', newEvents(1))())
    await access.store.close()
    subject.store = await subject.place.open('write')
    // Access events are the last of this ledger just now: who has caught up has them.
    expect((await eventsWithBytes()).at(-1)?.position).toBe(last)
    rightOf(await subject.store.append('b', 'no_stream', newEvents(1))())
    const stream = `_access:${access.stream}`
    for (const batchSize of [1, 3, 512])
      expect((await eventsWithBytes(batchSize)).map((event) => [event.stream, event.bytes?.revision])).toEqual([
        ['a', 0n],
        [stream, 0n],
        [stream, 1n],
        ['b', 0n],
      ])
    expect((await eventsAfter(subject.store)).map((event) => event.stream)).toEqual(['a', 'b'])
  })
}
