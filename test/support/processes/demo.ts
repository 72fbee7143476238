/** `npm run demo`: the program's demo. `--read-model postgres` puts its read model into a PostgreSQL that goes with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '../postgres/postgres-server.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

const given = process.argv.slice(2)
const at = given.indexOf('postgres')
const isPostgres = at > 0 && given[at - 1] === '--read-model'

const server = isPostgres ? await startPostgres() : null
const args = server === null ? given : given.with(at, server.url)
const demo = spawn(process.execPath, [MAIN, 'demo', ...args], { stdio: 'inherit' })
// A terminal sends its signals to the demo, too, which ends by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => demo.kill(signal))
const [status] = await once(demo, 'exit')
await server?.remove()
process.exitCode = status ?? 1
