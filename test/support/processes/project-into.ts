/** Projects the log in DIRECTORY into the database at URL until it is killed; says `started` once it does. */
import { startPostgresProjector } from '../../../src/read-model/postgres/projector/start-postgres-projector.ts'

const [directory = '', url = ''] = process.argv.slice(2)
const eventStore = { kind: 'embedded', path: `${directory}/events.db`, prefix: 'run-' } as const
const log = ({ level, message }: Readonly<{ level: string; message: string }>) =>
  process.env['VERBOSE'] === undefined ? undefined : process.stderr.write(`${process.pid} ${level}: ${message}\n`)
const started = await startPostgresProjector({ eventStore, url, log })()
if (started._tag === 'Left') throw new Error(JSON.stringify(started.left))
process.stdout.write('started\n')
process.once('SIGTERM', () => started.right.stop())
