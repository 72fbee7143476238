/** What the contract suite asks of an adapter's tests, and the small things that its tests share. */
import { randomUUID } from 'node:crypto'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Access } from '../../src/event-store/config.ts'
import {
  type Batch,
  type EventStore,
  type NewEvent,
  type Position,
  START,
  type StoredEvent,
} from '../../src/event-store/event-store.ts'

export type Deed = 'soft-delete' | 'tombstone' | 'max-age' | 'max-count' | 'truncate' | 'restore'
export type Administrate = (stream: string, deed: Deed) => Promise<void>

/** Where one log may be, empty at first. */
export type Place = Readonly<{
  /** Opens the log; `prefix` tells the stores in one log apart (`run-`). One `write` at a time. */
  open: (access: Access, prefix?: string) => Promise<EventStore>
  /** Opens the log of access events alone: their stream is that of this name in it. */
  openAccess: () => Promise<Readonly<{ store: EventStore; stream: string }>>
  /** Does to a stream what an administrator of the server can; null where the store has none. */
  administrate: Administrate | null
  /** Closes what is open and removes the log. */
  remove: () => Promise<void>
}>

/** What a test of the contract works on; fresh for each test. */
export type Subject = { place: Place; store: EventStore }

/** The value of a success; a failure fails the test. */
export const rightOf = <E, A>(either: Either<E, A>): A => {
  if (either._tag === 'Right') return either.right
  throw new Error(`expected a success: ${JSON.stringify(either.left)}`)
}

/** The failure; a success fails the test. */
export const leftOf = <E, A>(either: Either<E, A>): E => {
  if (either._tag === 'Left') return either.left
  throw new Error(`expected a failure: ${JSON.stringify(either.right)}`)
}

export const newEvent = (more: Partial<NewEvent> = {}): NewEvent => ({
  event_id: randomUUID(),
  type: 'Happened',
  data: '{"n":1}',
  metadata: '{}',
  ...more,
})

export const newEvents = (count: number): readonly NewEvent[] => Array.from({ length: count }, () => newEvent())

/** All batches after `from` until the subscription says that it has caught up. */
export const batchesToHead = async (
  store: EventStore,
  from: Position = START,
  batchSize = 512,
  withBytes = false,
): Promise<Batch[]> => {
  const stop = new AbortController()
  const batches: Batch[] = []
  for await (const batch of store.subscribe({ from, signal: stop.signal, batchSize, withBytes })) {
    batches.push(batch)
    if (batch.caughtUp) stop.abort()
  }
  return batches
}

export const eventsAfter = async (store: EventStore, from: Position = START): Promise<readonly StoredEvent[]> =>
  (await batchesToHead(store, from)).flatMap(({ events }) => events)

/** A whole stream, page by page. */
export const wholeStream = async (
  store: EventStore,
  stream: string,
  direction: 'forward' | 'backward' = 'forward',
  limit = 1000,
): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = []
  let from: number | 'end' = direction === 'forward' ? 0 : 'end'
  for (;;) {
    const page = rightOf(await store.readStream(stream, { from, direction, limit })())
    events.push(...page.events)
    const last = page.events.at(-1)
    if (page.endOfStream || last === undefined) return events
    from = last.revision + (direction === 'forward' ? 1 : -1)
  }
}
