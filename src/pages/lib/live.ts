/**
 * What happens now, over one connection for all tabs of a browser: the tab that holds the lock follows the stream and
 * passes events on to the others. Where a browser has no locks, as on a page without TLS, each tab follows by itself.
 */
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { BASE } from './address.ts'
import { ledger } from './ledger.ts'

/** What arrived since the batch before: how far the log was seen, and which runs have new events. */
export type LiveBatch = Readonly<{ position: string; events: number; run_ids: readonly string[] }>

export const liveState = signal<'connecting' | 'live' | 'cut'>('connecting')

/** Calls `listen` with every batch. Batches only say where to look: what a page shows, it asks for by position or revision. */
export const useLive = (listen: (batch: LiveBatch) => void): void => {
  const latest = useRef(listen)
  latest.current = listen
  useEffect(() => {
    start()
    const call = (batch: LiveBatch) => latest.current(batch)
    listeners.add(call)
    return () => {
      listeners.delete(call)
    }
  }, [])
}

const listeners = new Set<(batch: LiveBatch) => void>()

type Message =
  | Readonly<{ kind: 'batch'; batch: LiveBatch }>
  /** `position`: where a tab that takes over goes on. */
  | Readonly<{ kind: 'state'; state: typeof liveState.value; position: string | null }>
  | Readonly<{ kind: 'hello' }>

const NAME = `run-ledger.live:${BASE}`
let channel: BroadcastChannel | null = null
let position: string | null = null
let leading = false

/** Begins to follow, once for the life of the page. */
const start = (): void => {
  if (channel !== null) return
  channel = new BroadcastChannel(NAME)
  channel.onmessage = ({ data }: MessageEvent<Message>) => received(data)
  tell({ kind: 'hello' })
  // Undefined where the page is neither loopback nor TLS.
  const locks: LockManager | undefined = navigator.locks
  if (locks === undefined) void follow()
  else void locks.request(NAME, follow)
}

const tell = (message: Message): void => channel?.postMessage(message)

const received = (message: Message): void => {
  if (message.kind === 'hello') {
    if (leading) tell({ kind: 'state', state: liveState.value, position })
  } else if (message.kind === 'state') {
    liveState.value = message.state
    position = later(position, message.position)
  } else hear(message.batch)
}

const hear = (batch: LiveBatch): void => {
  if (position !== null && batch.position <= position) return
  position = batch.position
  for (const listen of listeners) listen(batch)
}

const setState = (state: typeof liveState.value): void => {
  liveState.value = state
  tell({ kind: 'state', state, position })
}

/** Positions are 20 digits, compared as text. */
const later = (a: string | null, b: string | null): string | null => (a === null || (b !== null && b > a) ? b : a)

/** Follows the stream for all tabs, from where the tab before it stopped. Never ends while the page is there. */
const follow = async (): Promise<void> => {
  leading = true
  const batches = gatherer()
  const entries = ledger.streamEntries(
    { from: position ?? 'head' },
    {
      onTrouble: () => setState('cut'),
      onPosition: (seen) => {
        position ??= seen
        if (liveState.value !== 'live') setState('live')
        batches.seen(seen)
      },
    },
  )
  for await (const entry of entries) {
    // What no repeating helps against.
    if (entry._tag === 'Left') return setState('cut')
    batches.add(entry.right)
  }
}

const PERIOD_MS = 400
// Beyond that, one run is fetched when it is looked for.
const MOST_RUNS = 2_000

/** Makes one batch of what arrives within a period, so that an import does not redraw a page a thousand times a second. */
const gatherer = () => {
  let events = 0
  let last = ''
  let isWaiting = false
  const runs = new Set<string>()
  const flush = () => {
    isWaiting = false
    const batch = { position: last, events, run_ids: [...runs] }
    events = 0
    runs.clear()
    hear(batch)
    tell({ kind: 'batch', batch })
  }
  return {
    add: ({ run_id }: Readonly<{ run_id: string }>): void => {
      events += 1
      if (runs.size < MOST_RUNS) runs.add(run_id)
    },
    seen: (at: string): void => {
      last = at
      if (events === 0 || isWaiting) return
      isWaiting = true
      setTimeout(flush, PERIOD_MS)
    },
  }
}
