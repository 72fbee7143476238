/** Databases for tests. */
import { randomUUID } from 'node:crypto'
import { afterAll, onTestFinished } from 'vitest'
import { execute, type PostgresServer, startPostgres } from './postgres-server.ts'

let shared: Promise<PostgresServer> | null = null
afterAll(async () => {
  await (await shared)?.remove()
  shared = null
})

/** An empty database of the test's own, dropped with it: on the server of this test file, or at `RUN_LEDGER_TEST_POSTGRES`. */
export const testDatabase = async (): Promise<string> => {
  const given = process.env['RUN_LEDGER_TEST_POSTGRES']
  if (given === undefined) shared ??= startPostgres()
  const server = given ?? ((await shared) as PostgresServer).url
  const name = `ledger_${randomUUID().replaceAll('-', '')}`
  await execute(server, `CREATE DATABASE ${name} TEMPLATE template0`)
  onTestFinished(async () => {
    await execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
