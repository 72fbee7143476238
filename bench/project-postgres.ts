/** Projecting the loan applications into PostgreSQL, by one process and by two, beside the same rows by bare COPY. */
import { randomUUID } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { TABLES } from '../projections/projections.ts'
import { createTables, schemaName } from '../src/read-model/postgres/tables.ts'
import { execute, type PostgresServer, startPostgres } from '../test/support/postgres/postgres-server.ts'
import { type Benchmark, inTurn } from './measure.ts'
import { runToEnd } from './support/processes.ts'
import { filesOf, referenceLedger } from './support/reference.ts'

const SCRIPT = new URL('./programs/project-into-postgres.ts', import.meta.url)

export const projectPostgres: Benchmark = {
  name: 'project-postgres',
  run: async (bench) => {
    const { log } = filesOf(await referenceLedger(bench))
    const server = await startPostgres({ shared_buffers: '128MB', max_wal_size: '4GB' })
    try {
      const filled = await project(server, log, 1)
      const rows = await rowsOf(filled.url)
      const measured = await inTurn(bench, {
        one: async () => (await project(server, log, 1)).seconds,
        two: async () => (await project(server, log, 2)).seconds,
        bare: () => insertBare(server, rows),
      })
      const [one, two, bare] = [measured.one, measured.two, measured.bare]
      return [
        {
          name: 'projecting into PostgreSQL, one process',
          unit: 's',
          ours: one,
          against: { what: 'the same rows by COPY, bare', values: bare },
          goal: { of: 'ratio', is: 'at most', limit: 1.5 },
        },
        {
          name: 'projecting into PostgreSQL, one process beside two',
          unit: 's',
          ours: one,
          against: { what: 'two processes', values: two },
          goal: { of: 'ratio', is: 'at least', limit: 1.3 },
        },
      ]
    } finally {
      await server.remove()
    }
  },
}

const newDatabase = async ({ url }: PostgresServer): Promise<string> => {
  const name = `bench_${randomUUID().replaceAll('-', '')}`
  await execute(url, `CREATE DATABASE ${name} TEMPLATE template0`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}

type Filled = Readonly<{ url: string; seconds: number }>

/** The longest of the processes' times, which start at once. */
const project = async (server: PostgresServer, log: string, processes: number): Promise<Filled> => {
  const url = await newDatabase(server)
  const ended = await Promise.all(Array.from({ length: processes }, () => runToEnd(SCRIPT, log, url)))
  return { url, seconds: Math.max(...ended.map(({ stdout }) => Number(stdout))) }
}

type Rows = readonly Readonly<{ table: string; chunks: readonly Buffer[] }>[]

const rowsOf = async (url: string): Promise<Rows> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const rows: Rows[number][] = []
  for (const { name } of TABLES) {
    const chunks: Buffer[] = []
    await pipeline(client.query(copyTo(`COPY ${schemaName(1)}.${name} TO STDOUT`)), async (source) => {
      for await (const chunk of source) chunks.push(chunk as Buffer)
    })
    rows.push({ table: name, chunks })
  }
  await client.end()
  return rows
}

/** Every row once, into tables with their indexes, in one transaction. Returns the seconds. */
const insertBare = async (server: PostgresServer, rows: Rows): Promise<number> => {
  const client = new pg.Client({ connectionString: await newDatabase(server) })
  await client.connect()
  await client.query(createTables(schemaName(1)).join(';'))
  const began = performance.now()
  await client.query('BEGIN')
  for (const { table, chunks } of rows)
    await pipeline(chunks, client.query(copyFrom(`COPY ${schemaName(1)}.${table} FROM STDIN`)))
  await client.query('COMMIT')
  const seconds = (performance.now() - began) / 1000
  await client.end()
  return seconds
}
