/** A stand-in for EventStoreDB in a process of its own. */
import type { NewEvent } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { eventRows } from '../floors/ledger-rows.ts'
import { withServer } from './processes.ts'

/** Gives `use` the address of a new one, which keeps its events in memory. */
export const withStandIn = <Result>(use: (address: string) => Promise<Result>): Promise<Result> =>
  withServer(STAND_IN, [], ({ url }) => use(url))

const STAND_IN = new URL('../../test/support/eventstoredb/stand-in-program.ts', import.meta.url)

/** Appends the events of the log at `path`, a stream at a time, and answers how many there are. */
export const fill = async (address: string, path: string): Promise<number> => {
  const opened = await openEventStore({ kind: 'eventstoredb', address, prefix: 'run-' }, 'write')()
  if (opened._tag === 'Left') throw new Error(opened.left._tag)
  const rows = eventRows(path) as unknown as readonly EventRow[]
  const streams = new Map<string, NewEvent[]>()
  for (const [, stream, , event_id, type, , data, metadata] of rows) {
    const event = { event_id, type, data, metadata }
    const events = streams.get(stream)
    if (events === undefined) streams.set(stream, [event])
    else events.push(event)
  }
  const waiting = streams.entries()
  const work = async (): Promise<void> => {
    for (const [stream, events] of waiting) {
      const appended = await opened.right.append(stream.slice('run-'.length), 'no_stream', events)()
      if (appended._tag === 'Left') throw new Error(JSON.stringify(appended.left))
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  await opened.right.close()
  return rows.length
}

// Few, since an append that waits for too long has failed.
const IN_FLIGHT = 16

type EventRow = readonly [
  position: number,
  stream: string,
  revision: number,
  event_id: string,
  type: string,
  recorded_at: string,
  data: string,
  metadata: string,
]
