/** The contract of appends: expected revisions, repeats, atomicity, sizes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Appended,
  type ExpectedRevision,
  MAX_APPEND_BYTES,
  type NewEvent,
} from '../../src/event-store/event-store.ts'
import { eventsAfter, leftOf, newEvent, newEvents, rightOf, type Subject, wholeStream } from './place.ts'

export const appending = (subject: Subject): void => {
  const append = (stream: string, expected: ExpectedRevision, events: readonly NewEvent[]) =>
    subject.store.append(stream, expected, events)()

  test('the first append to a stream begins at revision 0', async () => {
    const answer = rightOf(await append('a', 'no_stream', newEvents(1)))
    expect(answer).toEqual({ revision: 0, position: expect.stringMatching(/^\d{20}$/) })
  })

  test('a stream that must not exist and does is refused with its last revision', async () => {
    rightOf(await append('a', 'no_stream', newEvents(3)))
    expect(leftOf(await append('a', 'no_stream', newEvents(1)))).toEqual({ _tag: 'WrongExpectedRevision', actual: 2 })
  })

  test.each([
    ['behind the last', 0],
    ['ahead of the last', 3],
    ['far ahead of the last', 100],
  ])('an expected revision %s is refused with the actual one', async (_where, expected) => {
    rightOf(await append('a', 'no_stream', newEvents(2)))
    expect(leftOf(await append('a', expected, newEvents(1)))).toEqual({ _tag: 'WrongExpectedRevision', actual: 1 })
    expect(await wholeStream(subject.store, 'a')).toHaveLength(2)
  })

  test('a revision expected of a stream without events is refused with -1', async () => {
    expect(leftOf(await append('a', 0, newEvents(1)))).toEqual({ _tag: 'WrongExpectedRevision', actual: -1 })
    expect(await eventsAfter(subject.store)).toEqual([])
  })

  test('an append at the expected revision goes on from it', async () => {
    const first = rightOf(await append('a', 'no_stream', newEvents(2)))
    const second = rightOf(await append('a', 1, newEvents(1)))
    expect(second.revision).toBe(2)
    expect(second.position > first.position).toBe(true)
  })

  test('several events of one append are stored together, in order, and the last one is the answer', async () => {
    const events = newEvents(5)
    const answer = rightOf(await append('a', 'no_stream', events))
    const stored = await wholeStream(subject.store, 'a')
    expect(stored.map(({ event_id, revision }) => [event_id, revision])).toEqual(
      events.map(({ event_id }, revision) => [event_id, revision]),
    )
    expect(answer).toEqual({ revision: 4, position: stored.at(-1)?.position })
  })

  test('of several events none is stored where the revision is wrong', async () => {
    rightOf(await append('a', 'no_stream', newEvents(1)))
    leftOf(await append('a', 'no_stream', newEvents(5)))
    expect(await eventsAfter(subject.store)).toHaveLength(1)
  })

  test('of appends to one stream at one revision, made together, one wins', async () => {
    rightOf(await append('a', 'no_stream', newEvents(1)))
    const rivals = Array.from({ length: 16 }, () => newEvent())
    const answers = await Promise.all(rivals.map((event) => append('a', 0, [event])))
    const winners = rivals.filter((_, index) => answers[index]?._tag === 'Right')
    expect(winners).toHaveLength(1)
    for (const answer of answers)
      if (answer._tag === 'Left') expect(answer.left).toEqual({ _tag: 'WrongExpectedRevision', actual: 1 })
    expect((await wholeStream(subject.store, 'a')).at(-1)?.event_id).toBe(winners[0]?.event_id)
  })

  test('a refused append harms none of those that are made together with it', async () => {
    const answers = await Promise.all([
      append('a', 'no_stream', newEvents(1)),
      append('b', 7, newEvents(1)),
      append('c', 'no_stream', [newEvent({ data: `"${'x'.repeat(MAX_APPEND_BYTES)}"` })]),
      append('d', 'no_stream', newEvents(1)),
    ])
    expect(answers.map(({ _tag }) => _tag)).toEqual(['Right', 'Left', 'Left', 'Right'])
    expect(new Set((await eventsAfter(subject.store)).map(({ stream }) => stream))).toEqual(new Set(['a', 'd']))
  })

  test('an append that is retried returns what it returned the first time, and stores nothing', async () => {
    const events = newEvents(3)
    const first = rightOf(await append('a', 'no_stream', events))
    expect(rightOf(await append('a', 'no_stream', events))).toEqual(first)
    rightOf(await append('a', 2, newEvents(2)))
    expect(rightOf(await append('a', 'no_stream', events))).toEqual(first)
    expect(await eventsAfter(subject.store)).toHaveLength(5)
  })

  test('so does an append to a stream that had events before', async () => {
    rightOf(await append('a', 'no_stream', newEvents(4)))
    const events = newEvents(2)
    const first = rightOf(await append('a', 3, events))
    expect(rightOf(await append('a', 3, events))).toEqual(first)
    expect(await eventsAfter(subject.store)).toHaveLength(6)
  })

  test('so does an append that an earlier process stored', async () => {
    const appends = Array.from({ length: 20 }, (_, n) => [`s${n}`, newEvents(1 + (n % 3))] as const)
    const first: Appended[] = []
    for (const [stream, events] of appends) first.push(rightOf(await append(stream, 'no_stream', events)))
    await subject.store.close()
    subject.store = await subject.place.open('write')
    for (const [n, [stream, events]] of appends.entries())
      expect(rightOf(await append(stream, 'no_stream', events))).toEqual(first[n])
  })

  test('the same append made many times at once is stored once', async () => {
    const events = newEvents(2)
    const answers = await Promise.all(Array.from({ length: 8 }, () => append('a', 'no_stream', events)))
    const [first] = answers.map(rightOf)
    for (const answer of answers) expect(rightOf(answer)).toMatchObject({ revision: 1, position: first?.position })
    expect(await eventsAfter(subject.store)).toHaveLength(2)
  })

  test('an append that only begins as a stored one, or begins otherwise, is no retry of it', async () => {
    const [one, two] = [newEvent(), newEvent()]
    rightOf(await append('a', 'no_stream', [one, two]))
    const refused = { _tag: 'WrongExpectedRevision', actual: 1 }
    expect(leftOf(await append('a', 'no_stream', [one, newEvent()]))).toEqual(refused)
    expect(leftOf(await append('a', 'no_stream', [newEvent(), two]))).toEqual(refused)
    expect(leftOf(await append('a', 'no_stream', [one, two, newEvent()]))).toEqual(refused)
    expect(leftOf(await append('a', 0, [one]))).toEqual(refused)
    expect(await eventsAfter(subject.store)).toHaveLength(2)
  })

  test('the same event ids in another stream are another append', async () => {
    const events = newEvents(1)
    rightOf(await append('a', 'no_stream', events))
    expect(rightOf(await append('b', 'no_stream', events)).revision).toBe(0)
    expect(await eventsAfter(subject.store)).toHaveLength(2)
  })

  test('an append takes 1,000,000 bytes of data and metadata, and not one more', async () => {
    const of = (bytes: number) => [
      newEvent({ data: `"${'é'.repeat(200_000)}"`, metadata: `"${'x'.repeat(199_996)}"` }),
      newEvent({ data: `"${'y'.repeat(bytes - 600_000 - 4)}"`, metadata: '{}' }),
    ]
    expect(leftOf(await append('a', 'no_stream', of(MAX_APPEND_BYTES + 1)))).toEqual({
      _tag: 'EventTooLarge',
      bytes: MAX_APPEND_BYTES + 1,
    })
    const events = of(MAX_APPEND_BYTES)
    rightOf(await append('a', 'no_stream', events))
    expect((await wholeStream(subject.store, 'a')).map(({ data }) => data)).toEqual(events.map(({ data }) => data))
  })

  test('recorded times are 24 characters of UTC and never run backwards', async () => {
    for (let revision = -1; revision < 20; revision += 1)
      rightOf(await append('a', revision === -1 ? 'no_stream' : revision, newEvents(1)))
    const times = (await eventsAfter(subject.store)).map(({ recorded_at }) => recorded_at)
    expect(times).toEqual(times.toSorted())
    for (const time of times) expect(time).toBe(new Date(time).toISOString())
  })

  test('whatever several writers do, each stream is dense, and every answer is true', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            stream: fc.constantFrom('a', 'b', 'c'),
            expected: fc.oneof(fc.constant('no_stream' as const), fc.nat(4)),
            count: fc.integer({ min: 1, max: 3 }),
          }),
          { maxLength: 30 },
        ),
        fc.uuid(),
        async (appends, round) => {
          const made = appends.map((each) => ({
            ...each,
            stream: `${round}-${each.stream}`,
            events: newEvents(each.count),
          }))
          const answers = await Promise.all(made.map((each) => append(each.stream, each.expected, each.events)))
          const expected = new Map<string, string[]>()
          for (const [index, { stream, events }] of made.entries()) {
            const answer = answers[index]
            if (answer?._tag !== 'Right') continue
            const ids = expected.get(stream) ?? []
            for (const [offset, { event_id }] of events.entries())
              ids[answer.right.revision - events.length + 1 + offset] = event_id
            expected.set(stream, ids)
          }
          for (const stream of new Set(made.map((each) => each.stream))) {
            const stored = await wholeStream(subject.store, stream)
            expect(stored.map(({ event_id }) => event_id)).toEqual(expected.get(stream) ?? [])
            expect(stored.map(({ revision }) => revision)).toEqual(stored.map((_, revision) => revision))
          }
        },
      ),
      { numRuns: 25 },
    ))
}
