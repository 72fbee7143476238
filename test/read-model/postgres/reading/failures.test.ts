/** What readers get while PostgreSQL is in trouble, and after it. */
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgresReadModel } from '../../../../src/read-model/postgres/open.ts'
import { schemaName } from '../../../../src/read-model/postgres/tables.ts'
import type { ReadModel } from '../../../../src/read-model/read-model.ts'
import { freezingProxy } from '../../../support/network/freezing-proxy.ts'
import { testDatabase } from '../../../support/postgres/postgres.ts'
import { openOwnPostgres } from '../../../support/postgres/postgres-read-models.ts'
import { execute, startPostgres } from '../../../support/postgres/postgres-server.ts'
import { storedAs } from '../../../support/read-model/read-models.ts'
import { created } from '../../../support/run-builders.ts'

const LOG = [storedAs('run-1', 0, 1, created())]

const ownServer = async (settings = {}) => {
  const server = await startPostgres(settings)
  onTestFinished(server.remove)
  return server
}

const filled = async (url?: string, through?: string) => {
  const copy = await openOwnPostgres(url, through)
  await copy.project(LOG)
  return copy
}

/** How two questions end, one of a single statement and one of several. */
const outcomes = async (readModel: ReadModel) => {
  const answers = await Promise.all([
    readModel.getRun('run-1')(),
    readModel.listRuns({ sort: 'created_at', limit: 10, count: false })(),
  ])
  return answers.map((answer) => (answer._tag === 'Left' ? answer.left._tag : 'answered'))
}
const ANSWERED = ['answered', 'answered']
const UNAVAILABLE = ['ReadModelUnavailable', 'ReadModelUnavailable']

test('reads fail while the server is down, and go on by themselves once it is back', async () => {
  const server = await ownServer()
  const { readModel } = await filled(server.url)
  expect(await outcomes(readModel)).toEqual(ANSWERED)
  await server.stop('SIGQUIT')
  expect(await outcomes(readModel)).toEqual(UNAVAILABLE)
  await server.start()
  expect(await outcomes(readModel)).toEqual(ANSWERED)
})

test('reads do not notice that the server has ended all their sessions', async () => {
  const { url, readModel } = await filled()
  for (let i = 0; i < 3; i += 1) {
    expect(await outcomes(readModel)).toEqual(ANSWERED)
    await execute(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'run-ledger readers'`,
    )
  }
  expect(await outcomes(readModel)).toEqual(ANSWERED)
})

test('a server that takes no more connections leaves reads unanswered for as long', async () => {
  const server = await ownServer({ max_connections: '6', superuser_reserved_connections: '0', max_wal_senders: '0' })
  const { readModel } = await filled(server.url)
  const crowd: pg.Client[] = []
  for (;;) {
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => undefined)
    const refused = await client.connect().then(
      () => null,
      (error: pg.DatabaseError) => error.code,
    )
    if (refused !== null) break
    crowd.push(client)
  }
  // More than the connections that are open already could answer.
  const asked = await Promise.all(Array.from({ length: 16 }, () => outcomes(readModel)))
  expect(asked.flat()).toContain('ReadModelUnavailable')
  for (const client of crowd) await client.end()
  await expect.poll(() => outcomes(readModel), { timeout: 60_000 }).toEqual(ANSWERED)
})

test('a network that has gone silent ends in a failure, and no read hangs on it later', async () => {
  const url = new URL(await testDatabase())
  const proxy = await freezingProxy(Number(url.port))
  const through = new URL(url)
  through.port = String(proxy.port)
  const { readModel } = await filled(url.href, through.href)
  expect(await outcomes(readModel)).toEqual(ANSWERED)
  proxy.freeze()
  expect(await outcomes(readModel)).not.toContain('answered')
  proxy.thaw()
  expect(await outcomes(readModel)).toEqual(ANSWERED)
})

test('a query that takes longer than it may is busy work, and the connection goes on to serve', async () => {
  const database = await testDatabase()
  const hurried = new URL(database)
  hurried.searchParams.set('statement_timeout', '100')
  const { readModel } = await filled(database, hurried.href)
  const holder = new pg.Client({ connectionString: database })
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query(`BEGIN; LOCK TABLE ${schemaName(1)}.runs IN ACCESS EXCLUSIVE MODE`)
  expect(await outcomes(readModel)).toEqual(['ReadModelBusy', 'ReadModelBusy'])
  await holder.query('ROLLBACK')
  expect(await outcomes(readModel)).toEqual(ANSWERED)
})

test('a database without a read model, and one that does not answer, cannot be opened', async () => {
  const url = await testDatabase()
  expect(await openPostgresReadModel({ url })()).toMatchObject({ left: { _tag: 'ReadModelMissing' } })
  const nowhere = new URL(url)
  nowhere.port = '1'
  const refused = await openPostgresReadModel({ url: nowhere.href })()
  expect(refused).toMatchObject({
    left: { _tag: 'ReadModelOutOfReach', path: `postgres://127.0.0.1:1/${url.split('/').at(-1)}` },
  })
})
