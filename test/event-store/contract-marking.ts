/** The contract of marks: what administrators of a store did to streams is seen, and nothing is appended to them or read of them. */
import { expect, test } from 'vitest'
import { type Batch, START } from '../../src/event-store/event-store.ts'
import { batchesToHead, type Deed, leftOf, newEvents, rightOf, type Subject, wholeStream } from './place.ts'

const HIDING: readonly Deed[] = ['soft-delete', 'max-age', 'max-count', 'truncate']

export const marking = (subject: Subject): void => {
  const create = async (stream: string, count = 2) =>
    rightOf(await subject.store.append(stream, 'no_stream', newEvents(count))())
  /** False where the store has no administrators. */
  const administrate = async (stream: string, deed: Deed): Promise<boolean> => {
    await subject.place.administrate?.(stream, deed)
    return subject.place.administrate !== null
  }
  /** The answer to a read of the whole stream, once the store has noticed. */
  const once = async (ask: () => Promise<unknown>, answer: unknown): Promise<void> => {
    await expect.poll(ask, { timeout: 60_000, interval: 5 }).toEqual(answer)
  }
  const readAll = (stream: string) => subject.store.readStream(stream, { from: 0, direction: 'forward', limit: 10 })()
  const deleted = (tombstoned: boolean) => ({ _tag: 'Left', left: { _tag: 'StreamDeleted', tombstoned } })

  test('where nothing was done to any stream there are none', async () => {
    await create('a')
    expect((await batchesToHead(subject.store)).flatMap(({ marks }) => marks)).toEqual([])
  })

  test('a stream whose events are hidden is marked at its place in the log, and again when it is restored', async () => {
    for (const deed of HIDING) {
      await create(deed)
      if (!(await administrate(deed, deed))) return
      await create(`after-${deed}`)
      await administrate(deed, 'restore')
    }
    await create('gone')
    await administrate('gone', 'tombstone')
    const { position: end } = await create('last')
    for (const batchSize of [1, 3, 512]) {
      const batches = await batchesToHead(subject.store, START, batchSize)
      const marks = batches.flatMap((batch) => batch.marks)
      const statesOf = (stream: string) => marks.filter((mark) => mark.stream === stream).map(({ state }) => state)
      // A server may take several steps to restore one.
      for (const deed of HIDING) expect([statesOf(deed)[0], statesOf(deed).at(-1)]).toEqual(['truncated', 'readable'])
      expect(statesOf('gone')).toEqual(['tombstoned'])
      expect([...new Set(marks.map(({ stream }) => stream))]).toEqual([...HIDING, 'gone'])
      const positions = marks.map(({ position }) => position)
      expect(positions).toEqual(positions.toSorted())
      expect((positions.at(-1) ?? end) < end).toBe(true)
      expectInBatches(batches)
      for (const [index, { position }] of marks.entries()) {
        const rest = (await batchesToHead(subject.store, position)).flatMap((batch) => batch.marks)
        expect(rest).toEqual(marks.slice(index + 1))
      }
    }
  })

  test('a mark comes by itself as well, to who has caught up', async () => {
    await create('a')
    const stop = new AbortController()
    for await (const { marks, caughtUp } of subject.store.subscribe({ from: START, signal: stop.signal })) {
      if (marks.length > 0) {
        expect(marks).toMatchObject([{ stream: 'a', state: 'truncated' }])
        return
      }
      if (caughtUp && !(await administrate('a', 'soft-delete'))) return
    }
  })

  test.each(HIDING)(
    'after %s nothing is read of the stream and nothing appended, also by who knew it',
    async (deed) => {
      await create('a')
      const cold = await subject.place.open('read')
      if (!(await administrate('a', deed))) return
      await once(() => readAll('a'), deleted(false))
      expect(leftOf(await cold.readStream('a', { from: 0, direction: 'forward', limit: 10 })())).toEqual(
        deleted(false).left,
      )
      expect(leftOf(await subject.store.append('a', 1, newEvents(1))())).toEqual(deleted(false).left)
      expect(leftOf(await subject.store.append('a', 'no_stream', newEvents(1))())).toEqual(deleted(false).left)
      await administrate('a', 'restore')
      await once(async () => (await readAll('a'))._tag, 'Right')
      expect(await wholeStream(subject.store, 'a')).toHaveLength(2)
      expect(rightOf(await subject.store.append('a', 1, newEvents(1))()).revision).toBe(2)
    },
  )

  test('a new stream under the name of one that was deleted before the store was opened is refused, and not stored', async () => {
    await create('a')
    await subject.store.close()
    if (!(await administrate('a', 'soft-delete'))) return
    subject.store = await subject.place.open('write')
    expect(leftOf(await subject.store.append('a', 'no_stream', newEvents(1))())).toEqual(deleted(false).left)
    await administrate('a', 'restore')
    await once(async () => (await readAll('a'))._tag, 'Right')
    expect(await wholeStream(subject.store, 'a')).toHaveLength(2)
  })

  test('a tombstone is for ever', async () => {
    await create('a')
    if (!(await administrate('a', 'tombstone'))) return
    expect(await readAll('a')).toEqual(deleted(true))
    for (const expected of ['no_stream', 1] as const)
      expect(await subject.store.append('a', expected, newEvents(1))()).toEqual(deleted(true))
  })
}

/** Each mark lies in the part of the log that its batch is about. */
const expectInBatches = (batches: readonly Batch[]): void => {
  let before = START
  for (const { marks, position } of batches) {
    for (const mark of marks) expect(mark.position > before && mark.position <= position).toBe(true)
    before = position
  }
}
