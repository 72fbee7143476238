/** Owns the log at PATH and appends to it for ever, four at a time: `ready`, then a line for each stream that was answered. */
import { randomUUID } from 'node:crypto'
import { openEventStore } from '../../../src/event-store/open.ts'

const [path = ''] = process.argv.slice(2)
const opened = await openEventStore({ kind: 'embedded', path, prefix: 'run-' }, 'write')()
if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
const store = opened.right
store.announce('http://127.0.0.1:4711')
process.stdout.write('ready\n')

const write = async (): Promise<never> => {
  for (;;) {
    const stream = randomUUID()
    const events = [0, 1].map(() => ({ event_id: randomUUID(), type: 'Happened', data: '{}', metadata: '{}' }))
    const answer = await store.append(stream, 'no_stream', events)()
    if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
    process.stdout.write(`${stream}\n`)
  }
}
await Promise.all([write(), write(), write(), write()])
