/** Appends to the log of the directory it is given, builds its tree and signs it every few milliseconds, until it is killed. */
import { join } from 'node:path'
import { openEventStore } from '../../../src/event-store/open.ts'
import { startBuilder } from '../../../src/trust/builder/start-builder.ts'
import { newEvents, rightOf } from '../../event-store/place.ts'
import { logPath, treePath } from '../ledger-on-disk.ts'
import { signingIn } from '../trust/signing.ts'

const [directory = '', name = ''] = process.argv.slice(2)
const eventStore = { kind: 'embedded', path: logPath(directory), prefix: 'run-' } as const
const store = rightOf(await openEventStore(eventStore, 'write')())
const { signing } = await signingIn(directory, { every: 5, directory: join(directory, 'checkpoints') })
const builder = rightOf(await startBuilder({ eventStore, path: treePath(directory), signing }, () => undefined)())
process.stdout.write('started\n')
for (let n = 0; builder.state().refused === null; n += 1)
  rightOf(await store.append(`${name}-${n}`, 'no_stream', newEvents(1 + (n % 3)))())
process.stdout.write(`refused: ${builder.state().refused}\n`)
