/** Projects the log at PATH into the database at URL until it is caught up: prints the seconds that that took. */
import { openEventStore } from '../../src/event-store/open.ts'
import { startPostgresProjector } from '../../src/read-model/postgres/projector/start-postgres-projector.ts'

const [path = '', url = ''] = process.argv.slice(2)
const eventStore = { kind: 'embedded', path, prefix: 'run-' } as const
const store = await openEventStore(eventStore, 'read')()
if (store._tag === 'Left') throw new Error(store.left._tag)
const head = await store.right.headPosition()()
if (head._tag === 'Left') throw new Error(head.left.detail)
const started = await startPostgresProjector({ eventStore, url })()
if (started._tag === 'Left') throw new Error(JSON.stringify(started.left))
const began = performance.now()
await started.right.caughtUpTo(head.right)
process.stdout.write(`${(performance.now() - began) / 1000}\n`)
await started.right.stop()
await store.right.close()
