/**
 * Catches up with EventStoreDB as the projector does, as far as its decoding: `node catch-up-decoded.ts ADDRESS EVENTS` prints
 * the events a second.
 */
import { START } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { decode } from '../../src/run/event-codec.ts'

/** As many a batch as the projector takes. */
const BATCH_SIZE = 1_024

const main = async (address: string, events: number): Promise<number> => {
  const opened = await openEventStore({ kind: 'eventstoredb', address, prefix: 'run-' }, 'read')()
  if (opened._tag === 'Left') throw new Error(opened.left._tag)
  const signal = new AbortController().signal
  const began = performance.now()
  let seen = 0
  for await (const batch of opened.right.subscribe({ from: START, signal, batchSize: BATCH_SIZE })) {
    for (const event of batch.events) {
      const decoded = decode(event)
      if (decoded._tag === 'Left') throw new Error(decoded.left.detail)
    }
    seen += batch.events.length
    if (seen >= events) break
  }
  return (events / (performance.now() - began)) * 1000
}

const [address = '', events = ''] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await main(address, Number(events))))
process.exit()
