/** Opens the log at PATH for reading, and prints how many events it has, or why it cannot be read. */
import { START } from '../../../src/event-store/event-store.ts'
import { openEventStore } from '../../../src/event-store/open.ts'

const [path = ''] = process.argv.slice(2)
const opened = await openEventStore({ kind: 'embedded', path, prefix: 'run-' }, 'read')()
if (opened._tag === 'Left') process.stdout.write(`${JSON.stringify(opened.left)}\n`)
else {
  const backlog = await opened.right.backlog(START)()
  process.stdout.write(`${backlog._tag === 'Right' ? backlog.right.events : JSON.stringify(backlog.left)}\n`)
  await opened.right.close()
}
