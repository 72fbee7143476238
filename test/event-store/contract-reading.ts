/** The contract of reads: pages of a stream in both directions, texts unchanged, the head and what lies before it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { START } from '../../src/event-store/event-store.ts'
import { eventsAfter, newEvent, newEvents, rightOf, type Subject, wholeStream } from './place.ts'

export const reading = (subject: Subject): void => {
  const append = async (stream: string, count: number) =>
    rightOf(await subject.store.append(stream, 'no_stream', newEvents(count))())

  test.each(['forward', 'backward'] as const)(
    'a stream that does not exist is an empty, ended page, %s',
    async (direction) => {
      await append('another', 1)
      for (const from of [0, 5, 'end'] as const)
        expect(rightOf(await subject.store.readStream('a', { from, direction, limit: 10 })())).toEqual({
          events: [],
          endOfStream: true,
        })
    },
  )

  test('a page holds what lies at and after its beginning, in its direction, and says when nothing follows', async () => {
    const size = 12
    await append('a', size)
    await append('aa', 3)
    const all = await wholeStream(subject.store, 'a')
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.nat(size + 2), fc.constant('end' as const)),
        fc.constantFrom('forward', 'backward'),
        fc.integer({ min: 1, max: size + 2 }),
        async (from, direction, limit) => {
          const start = from === 'end' ? size - 1 : from
          const rest = direction === 'forward' ? all.slice(start) : all.slice(0, start + 1).toReversed()
          const page = rightOf(await subject.store.readStream('a', { from, direction, limit })())
          expect(page).toEqual({ events: rest.slice(0, limit), endOfStream: rest.length <= limit })
        },
      ),
      { numRuns: 60 },
    )
  })

  test('pages of any size make up the whole stream, either way', async () => {
    await append('a', 25)
    const whole = await wholeStream(subject.store, 'a')
    expect(whole.map(({ revision }) => revision)).toEqual(Array.from({ length: 25 }, (_, revision) => revision))
    for (const limit of [1, 7, 24, 25, 26]) {
      expect(await wholeStream(subject.store, 'a', 'forward', limit)).toEqual(whole)
      expect(await wholeStream(subject.store, 'a', 'backward', limit)).toEqual(whole.toReversed())
    }
  })

  test('a stream of big events is read whole, over as many pages as it takes', async () => {
    const data = `"${'x'.repeat(900_000)}"`
    const stream = Array.from({ length: 12 }, () => newEvent({ data }))
    for (const [index, event] of stream.entries())
      rightOf(await subject.store.append('a', index === 0 ? 'no_stream' : index - 1, [event])())
    for (const direction of ['forward', 'backward'] as const) {
      const read = await wholeStream(subject.store, 'a', direction)
      const ids = stream.map(({ event_id }) => event_id)
      expect(read.map(({ event_id }) => event_id)).toEqual(direction === 'forward' ? ids : ids.toReversed())
    }
    expect((await eventsAfter(subject.store)).map(({ data: { length } }) => length)).toEqual(
      stream.map(() => data.length),
    )
  })

  test('an event is read as it was appended, with its place', async () => {
    const event = newEvent({ type: 'ThisHappened', data: '{"b":1, "a":[1.50,null]}', metadata: '{ "who":"x" }' })
    const { position } = rightOf(await subject.store.append('a.b:c_d-1', 'no_stream', [event])())
    const expected = { ...event, stream: 'a.b:c_d-1', revision: 0, position, recorded_at: expect.any(String) }
    expect(await wholeStream(subject.store, 'a.b:c_d-1')).toEqual([expected])
    expect(await eventsAfter(subject.store)).toEqual([expected])
  })

  test('unicode and deep JSON come back unchanged', () =>
    fc.assert(
      fc.asyncProperty(
        fc.json({ maxDepth: 6, stringUnit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        fc.uuid(),
        async (data, text, stream) => {
          const metadata = JSON.stringify({ text })
          rightOf(await subject.store.append(stream, 'no_stream', [newEvent({ data, metadata })])())
          expect(await wholeStream(subject.store, stream)).toMatchObject([{ data, metadata }])
        },
      ),
      {
        numRuns: 40,
        examples: [
          ['['.repeat(64) + ']'.repeat(64), '', '10000000-0000-4000-8000-000000000000'],
          ['"\\u0000 \\ud83d \u2028"', '\u0000 é e\u0301 👩‍👩‍👧 \ufeff \uffff', '20000000-0000-4000-8000-000000000000'],
        ],
      },
    ))

  test('streams whose names begin alike are kept apart', async () => {
    await append('run', 1)
    await append('run-1', 2)
    await append('RUN', 3)
    expect(await wholeStream(subject.store, 'run')).toHaveLength(1)
    expect(await wholeStream(subject.store, 'run-1')).toHaveLength(2)
  })

  test('another reader of the log sees what was appended', async () => {
    const reader = await subject.place.open('read')
    expect(await wholeStream(reader, 'a')).toEqual([])
    await append('a', 2)
    expect(await wholeStream(reader, 'a')).toEqual(await wholeStream(subject.store, 'a'))
  })

  test('the head is the position of the last event, and the start of an empty log', async () => {
    expect(rightOf(await subject.store.headPosition()())).toBe(START)
    await append('a', 3)
    const { position } = await append('b', 2)
    expect(rightOf(await subject.store.headPosition()())).toBe(position)
  })

  test('the backlog after a position is how many events follow and when the first of them was recorded', async () => {
    expect(rightOf(await subject.store.backlog(START)())).toEqual({ events: 0, oldest_recorded_at: null })
    for (const stream of ['a', 'b', 'c']) await append(stream, 2)
    const events = await eventsAfter(subject.store)
    expect(rightOf(await subject.store.backlog(START)())).toEqual({
      events: 6,
      oldest_recorded_at: events[0]?.recorded_at,
    })
    for (const [index, { position }] of events.entries())
      expect(rightOf(await subject.store.backlog(position)())).toEqual({
        events: 5 - index,
        oldest_recorded_at: events[index + 1]?.recorded_at ?? null,
      })
  })

  test('events of another prefix in the log are not in the head, the backlog or a stream', async () => {
    const own = await append('a', 2)
    await subject.store.close()
    const foreign = await subject.place.open('write', 'other-')
    rightOf(await foreign.append('a', 'no_stream', newEvents(3))())
    expect(rightOf(await foreign.backlog(START)()).events).toBe(3)
    await foreign.close()
    subject.store = await subject.place.open('write')
    expect(await wholeStream(subject.store, 'a')).toHaveLength(2)
    expect(rightOf(await subject.store.headPosition()())).toBe(own.position)
    expect(rightOf(await subject.store.backlog(START)()).events).toBe(2)
    expect(rightOf(await subject.store.backlog(own.position)())).toEqual({ events: 0, oldest_recorded_at: null })
  })
}
