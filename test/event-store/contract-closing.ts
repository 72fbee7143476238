/** The contract of closing: what was asked for is answered, what comes later is told so. */
import { expect, test } from 'vitest'
import { type Batch, START } from '../../src/event-store/event-store.ts'
import { eventsAfter, leftOf, newEvents, rightOf, type Subject } from './place.ts'

export const closing = (subject: Subject): void => {
  test('appends under way are answered, and what was answered is stored', async () => {
    const appends = Array.from({ length: 200 }, (_, n) => subject.store.append(`s${n}`, 'no_stream', newEvents(1))())
    const closed = subject.store.close()
    const answers = await Promise.all(appends)
    await closed
    const stored = new Set((await eventsAfter(await subject.place.open('read'))).map(({ stream }) => stream))
    for (const [n, answer] of answers.entries()) {
      if (answer._tag === 'Right') expect(stored).toContain(`s${n}`)
      else if (answer.left._tag !== 'StoreUnavailable' || answer.left.outcome === 'not_stored')
        expect(stored).not.toContain(`s${n}`)
    }
  })

  test('subscriptions end, also those that wait', async () => {
    rightOf(await subject.store.append('a', 'no_stream', newEvents(30))())
    const { signal } = new AbortController()
    const batches: Batch[] = []
    const caughtUp = Promise.withResolvers<void>()
    const waiting = (async () => {
      for await (const batch of subject.store.subscribe({ from: START, signal })) {
        batches.push(batch)
        if (batch.caughtUp) caughtUp.resolve()
      }
    })()
    await caughtUp.promise
    const busy = subject.store.subscribe({ from: START, signal, batchSize: 1 })[Symbol.asyncIterator]()
    expect((await busy.next()).done).toBe(false)
    await subject.store.close()
    await waiting
    expect((await busy.next()).done).toBe(true)
    expect(batches.flatMap(({ events }) => events)).toHaveLength(30)
  })

  test('whatever is asked of it later is refused, and nothing is stored', async () => {
    await subject.store.close()
    const refused = { _tag: 'StoreUnavailable', outcome: 'not_stored', detail: expect.any(String) }
    const { append, readStream, headPosition, backlog, subscribe } = subject.store
    expect(leftOf(await append('a', 'no_stream', newEvents(1))())).toEqual(refused)
    expect(leftOf(await readStream('a', { from: 0, direction: 'forward', limit: 1 })())).toEqual(refused)
    expect(leftOf(await headPosition()())).toEqual(refused)
    expect(leftOf(await backlog(START)())).toEqual(refused)
    for await (const _ of subscribe({ from: START, signal: new AbortController().signal })) throw new Error('a batch')
    expect(await eventsAfter(await subject.place.open('write'))).toEqual([])
  })

  test('closing again does nothing, also while it closes', async () => {
    await Promise.all([subject.store.close(), subject.store.close()])
    await subject.store.close()
  })

  test('what was stored is there when it is opened again, and positions go on', async () => {
    const first = rightOf(await subject.store.append('a', 'no_stream', newEvents(2))())
    const before = await eventsAfter(subject.store)
    await subject.store.close()
    subject.store = await subject.place.open('write')
    expect(await eventsAfter(subject.store)).toEqual(before)
    const second = rightOf(await subject.store.append('a', 1, newEvents(1))())
    expect(second.revision).toBe(2)
    expect(second.position > first.position).toBe(true)
  })
}
