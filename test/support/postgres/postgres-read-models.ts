/** Read models in PostgreSQL, made without a log. */
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { openPostgresReadModel } from '../../../src/read-model/postgres/open.ts'
import { createBatchWriter } from '../../../src/read-model/projector/batch-writer.ts'
import type { ReadModel } from '../../../src/read-model/read-model.ts'
import type { OwnReadModel } from '../read-model/read-models.ts'
import { rightOf } from '../scenario.ts'
import { testDatabase } from './postgres.ts'
import { openPostgresStore } from './postgres-stores.ts'

export type OwnPostgres = Pick<OwnReadModel, 'project' | 'readModel'> &
  Readonly<{
    /** Of its database. */
    url: string
    execute: (sql: string) => Promise<pg.QueryResult>
  }>

/** A read model that this test writes itself, in the empty database at `url`; read `through` another address, where given. */
export const openOwnPostgres = async (url?: string, through?: string): Promise<OwnPostgres> => {
  const database = url ?? (await testDatabase())
  const { store } = await openPostgresStore(database)
  rightOf(await store.beginLive())
  const marks = rightOf(await store.live.parts())
  const writer = createBatchWriter({ tables: store.live, marks, cacheCharacters: 1_000_000 })
  const pool = new pg.Pool({ connectionString: database, max: 1 })
  pool.on('error', () => undefined)
  onTestFinished(() => pool.end())
  return {
    url: database,
    readModel: await openedAt(through ?? database),
    execute: (sql) => pool.query(sql),
    project: async (events) => {
      for (const event of events) writer.add(event)
      const last = events.at(-1)
      if (last !== undefined) rightOf(await writer.write(last.position)())
    },
  }
}

const openedAt = async (url: string): Promise<ReadModel> => {
  const readModel = rightOf(await openPostgresReadModel({ url })())
  onTestFinished(() => readModel.close())
  return readModel
}
