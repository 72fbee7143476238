/** Projects the log in DIRECTORY until it is killed: `<position>` as it gets on. With `rebuild`, it makes the tables again. */
import { setTimeout as delay } from 'node:timers/promises'
import { startProjector } from '../../../src/read-model/projector/start-projector.ts'
import { openReadModel } from '../../../src/read-model/sqlite/open.ts'

const [directory = '', what] = process.argv.slice(2)
const path = `${directory}/read-model.db`
const eventStore = { kind: 'embedded', path: `${directory}/events.db`, prefix: 'run-' } as const
const started = await startProjector({ eventStore, path, rebuild: what === 'rebuild' })()
if (started._tag === 'Left') throw new Error(JSON.stringify(started.left))
const opened = await openReadModel({ path })()
if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
if (what === 'rebuild')
  started.right
    .rebuild()()
    .then(() => process.stdout.write('rebuilt\n'))
for (;;) {
  const position = await opened.right.position()()
  process.stdout.write(`${position._tag === 'Left' ? position.left.detail : position.right}\n`)
  await delay(1)
}
