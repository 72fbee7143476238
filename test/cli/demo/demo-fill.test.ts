import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { demoClock, fill } from '../../../src/cli/demo/demo-fill.ts'
import { type OpenLedger, openLedger } from '../../../src/cli/ledger/open-ledger.ts'
import { START, type StoredEvent } from '../../../src/event-store/event-store.ts'
import { createRun } from '../../support/commands.ts'
import { testDirectory } from '../../support/stores.ts'

const configAt = (data: string) => ({
  eventStore: { kind: 'embedded' as const, path: join(data, 'events.db'), prefix: 'run-' },
  readModel: { kind: 'sqlite' as const, path: join(data, 'read-model.db') },
  treePath: join(data, 'tree.db'),
})

const openAt = async (data: string) => {
  const clock = demoClock()
  const opened = await openLedger(configAt(data), { clock: clock.now })()
  if (opened._tag === 'Left') throw new Error(opened.left.lines.join('\n'))
  onTestFinished(opened.right.close)
  return { opened: opened.right, options: { data, seed: 3, clock } }
}

const allEvents = async ({ store }: OpenLedger): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const batch of store.subscribe({ from: START, signal: new AbortController().signal })) {
    events.push(...batch.events)
    if (batch.caughtUp) return events
  }
  return events
}

test('each event is recorded at its own time in the past, and one that was cut off goes on where it stopped', async () => {
  const data = testDirectory()
  const first = await openAt(data)
  const stop = new AbortController()
  let appended = 0
  const store: OpenLedger['store'] = {
    ...first.opened.store,
    append: (...given) => {
      appended += 1
      if (appended === 500) stop.abort()
      return first.opened.store.append(...given)
    },
  }
  expect(await fill({ ...first.opened, store }, { ...first.options, signal: stop.signal })()).toMatchObject({
    right: null,
  })
  const stored = await allEvents(first.opened)
  expect(stored.length).toBeGreaterThanOrEqual(500)
  await first.opened.close()

  const { opened, options } = await openAt(data)
  const signal = new AbortController().signal
  const filled = await fill(opened, { ...options, signal })()
  const events = await allEvents(opened)
  if (filled._tag === 'Left') throw new Error(filled.left.lines.join('\n'))
  expect(events).toHaveLength(filled.right?.lines.length ?? 0)
  expect(events.slice(0, stored.length)).toEqual(stored)
  const recorded = events.map(({ recorded_at }) => recorded_at)
  expect(recorded).toEqual(recorded.toSorted())
  // Not when the log was filled.
  expect(new Set(recorded.map((time) => time.slice(0, 10))).size).toBeGreaterThan(25)

  // What comes after the demo comes now, and the demo is whole all the same.
  const before = Date.now()
  expect(await opened.ledger.execute(createRun('mine'))()).toMatchObject({ _tag: 'Right' })
  expect(Date.parse((await allEvents(opened)).at(-1)?.recorded_at ?? '')).toBeGreaterThanOrEqual(before)
  expect(await fill(opened, { ...options, signal })()).toMatchObject({ _tag: 'Right' })
  expect(await allEvents(opened)).toHaveLength(events.length + 1)
})
