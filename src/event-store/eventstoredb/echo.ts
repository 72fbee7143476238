/**
 * What the log takes, as it takes it. A server answers an append that it has had before as it answers a new one, with
 * a position and nothing else (IndexWriter.cs, Idempotent). Only what is stored tells whose append it was, and to read
 * it back would double the calls: a live subscription brings it without being asked.
 */
import { sleep } from '../../lib/abortable.ts'
import type { Batch, Position, StoredEvent, SubscribeOptions } from '../event-store.ts'
import type { Limits } from './limits.ts'
import type { Reader } from './reader.ts'
import { sizeOf } from './recorded-event.ts'

export type Echo = Readonly<{
  /** As far as it has got: what stands up to there was stored before now. */
  position: () => Position
  /** Whether it has got to `position`; waits for it, but not for long. */
  hears: (position: Position) => Promise<boolean>
  /** The event at a revision of a stream, if it was heard lately. */
  find: (stream: string, revision: number) => StoredEvent | undefined
}>

type Options = Readonly<{
  reader: Reader
  tail: (options: SubscribeOptions) => AsyncIterable<Batch>
  limits: Limits
  /** Ends it. */
  signal: AbortSignal
}>

/** Listens from now on; where it cannot it hears nothing, and goes on trying. */
export const openEcho = ({ reader, tail, limits, signal }: Options): Echo => {
  /** What was heard last, and what was heard before that: to forget the older half at once costs nothing an event. */
  let heard = new Map<string, StoredEvent>()
  let before = new Map<string, StoredEvent>()
  const waiting = new Set<Readonly<{ position: Position; settle: (reached: boolean) => void }>>()
  let reached: Position | null = null
  /** It was waited for in vain, and has not moved since. */
  let silent = false
  let size = 0

  const hear = (event: StoredEvent): void => {
    heard.set(keyOf(event.stream, event.revision), event)
    size += sizeOf(event)
    if (heard.size < MAX_EVENTS && size < MAX_SIZE) return
    before = heard
    heard = new Map()
    size = 0
  }
  const advance = (position: Position): void => {
    reached = position
    silent = false
    for (const each of waiting) if (each.position <= position) each.settle(true)
  }
  const listen = async (): Promise<void> => {
    while (!signal.aborted) {
      const edge = await reader.edge(BEFORE_ALL)
      try {
        if (edge._tag === 'Right')
          for await (const { events, position } of tail({
            from: edge.right.last,
            signal,
            batchSize: MAX_EVENTS,
          })) {
            for (const event of events) hear(event)
            advance(position)
          }
      } catch {
        // Whoever appends reads back meanwhile, and is told what is wrong.
      }
      reached = null
      for (const { settle } of waiting) settle(false)
      await sleep(limits.backoff.maxDelay, signal)
    }
  }
  listen()

  return {
    position: () => reached ?? BEFORE_ALL,
    hears: (position) => {
      if (reached !== null && reached >= position) return Promise.resolve(true)
      if (reached === null || silent) return Promise.resolve(false)
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          silent = true
          waiter.settle(false)
        }, PATIENCE)
        const waiter = {
          position,
          settle: (hears: boolean) => {
            clearTimeout(timer)
            waiting.delete(waiter)
            resolve(hears)
          },
        }
        waiting.add(waiter)
      })
    },
    find: (stream, revision) => {
      const key = keyOf(stream, revision)
      return heard.get(key) ?? before.get(key)
    },
  }
}

const BEFORE_ALL: Position = ''
// At most twice as many are held.
const MAX_EVENTS = 4_096
// Texts together, in characters.
const MAX_SIZE = 8 * 1024 * 1024
// In ms. Under load it is late, and to read back then would only add to the load.
const PATIENCE = 500

const keyOf = (stream: string, revision: number): string => `${stream}@${revision}`
