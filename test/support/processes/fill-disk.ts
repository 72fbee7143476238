/**
 * Owns the log at PATH and appends where the disk takes only so much (`ulimit -f`): a small append, then a big one
 * beside a small one, then a small one again. Prints each answer as JSON, then the streams that are there.
 */
import { randomUUID } from 'node:crypto'
import { START } from '../../../src/event-store/event-store.ts'
import { openEventStore } from '../../../src/event-store/open.ts'

const [path = ''] = process.argv.slice(2)
const opened = await openEventStore({ kind: 'embedded', path, prefix: 'run-' }, 'write')()
if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
const store = opened.right

const append = async (stream: string, size: number) => {
  const event = { event_id: randomUUID(), type: 'Happened', data: JSON.stringify('x'.repeat(size)), metadata: '{}' }
  const answer = await store.append(stream, 'no_stream', [event])()
  process.stdout.write(`${JSON.stringify({ stream, answer })}\n`)
  return answer
}

await append('small', 10)
// The two wait together, so they are one group: it fails as a whole.
await Promise.all([append('big', 900_000), append('beside the big one', 10)])
await append('small again', 10)

const stop = new AbortController()
for await (const { events } of store.subscribe({ from: START, signal: stop.signal })) {
  process.stdout.write(`${JSON.stringify(events.map(({ stream }) => stream))}\n`)
  stop.abort()
}
await store.close()
