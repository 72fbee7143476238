/** Reads the log at PATH: `ready` once it has caught up, then for each event its stream and when it was seen, in ms. */
import { START } from '../../../src/event-store/event-store.ts'
import { openEventStore } from '../../../src/event-store/open.ts'

const [path = ''] = process.argv.slice(2)
const opened = await openEventStore({ kind: 'embedded', path, prefix: 'run-' }, 'read')()
if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))

let ready = false
for await (const batch of opened.right.subscribe({ from: START, signal: new AbortController().signal })) {
  for (const { stream } of batch.events) if (ready) process.stdout.write(`${stream} ${Date.now()}\n`)
  if (batch.caughtUp && !ready) process.stdout.write('ready\n')
  ready ||= batch.caughtUp
}
