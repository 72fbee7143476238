/** What projectors write into PostgreSQL, for the contract of the port and for comparing. */
import { right } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type pg from 'pg'
import { onTestFinished } from 'vitest'
import { TABLES } from '../../../projections/projections.ts'
import { columnsOf } from '../../../projections/table.ts'
import { placeOf } from '../../../src/read-model/postgres/address.ts'
import { openPool } from '../../../src/read-model/postgres/connection.ts'
import { partOf } from '../../../src/read-model/postgres/parts.ts'
import { attempt } from '../../../src/read-model/postgres/postgres-failure.ts'
import { schemaName } from '../../../src/read-model/postgres/tables.ts'
import { unescapeNul } from '../../../src/read-model/postgres/text.ts'
import { generationTables, type Writing } from '../../../src/read-model/postgres/writing/generation-tables.ts'
import { ensureRegistry } from '../../../src/read-model/postgres/writing/generations.ts'
import { beat } from '../../../src/read-model/postgres/writing/part-marks.ts'
import {
  beginNext,
  ensureSet,
  readSet,
  type SetState,
  switchTo,
} from '../../../src/read-model/postgres/writing/table-set.ts'
import type { Checkpoint, ProjectionStore, TableSet } from '../../../src/read-model/projection-store.ts'
import type { Contents, WrittenStore } from '../read-model/read-models.ts'
import { rightOf } from '../scenario.ts'
import { testDatabase } from './postgres.ts'

/** Its generations as the one store that the contract is about, in an empty database: at `database`, where that is given. */
export const openPostgresStore = async (database?: string): Promise<WrittenStore> => {
  const url = database ?? (await testDatabase())
  const another = (): ProjectionStore => {
    const pool = openPool(url, { ...POOL, name: 'test' })
    onTestFinished(() => pool.end())
    return postgresStore({ pool, place: placeOf(url) })
  }
  const pool = openPool(url, { ...POOL, name: 'test' })
  onTestFinished(() => pool.end())
  await ensureRegistry(pool)
  await ensureSet(pool)
  return { store: another(), another, contents: () => postgresContents(pool) }
}

const POOL = {
  max: 4,
  statementTimeoutMs: 60_000,
  answerTimeoutMs: 60_000,
  idleInTransactionMs: 60_000,
  onLost: () => undefined,
} as const

const postgresStore = (writing: Writing): ProjectionStore => {
  const { pool, place } = writing
  const task =
    <Result>(work: () => Promise<Result>) =>
    () =>
      attempt(place, work)
  const tablesOf = (which: keyof SetState): TableSet => {
    const current = async () => {
      const generation = (await readSet(pool))[which]
      return generation === null ? null : generationTables(writing, generation)
    }
    const made = async () => {
      const tables = await current()
      if (tables === null) throw new Error(`there are no ${which} tables`)
      return tables
    }
    return {
      checkpoint: async () => (await current())?.checkpoint() ?? right(null),
      parts: async () => (await current())?.parts() ?? right([]),
      partOf,
      loadStates: (run_ids, most) => async () => (await made()).loadStates(run_ids, most)(),
      commit: (batch) => async () => (await made()).commit(batch)(),
      quarantined: async () => (await made()).quarantined(),
    }
  }
  const live = tablesOf('live')
  const next = tablesOf('next')
  const checkpointOf = async ({ checkpoint }: TableSet) => rightOf(await checkpoint()) as Checkpoint
  return {
    live,
    next,
    beginLive: task(async () => {
      await switchTo(pool, (await readSet(pool)).next ?? 0)
      return checkpointOf(live)
    }),
    heartbeat: task(async () => beat(pool, (await readSet(pool)).live ?? 0, [0])),
    beginNext: task(async () => {
      await beginNext(pool)
      return checkpointOf(next)
    }),
    indexNext: TE.right('done'),
    switchToNext: task(async () => {
      await switchTo(pool, (await readSet(pool)).next ?? 0)
    }),
    dropReplaced: TE.right('done'),
    close: () => undefined,
  }
}

/** As `contentsOf` reads them from SQLite: without what only PostgreSQL stores. */
export const postgresContents = async (pool: pg.Pool): Promise<Contents> => {
  const { live } = await readSet(pool)
  const contents: Record<string, unknown[]> = {}
  for (const table of TABLES) {
    const names = columnsOf(table).map((name) => `"${name}"`)
    const from = `${schemaName(live ?? 0)}.${table.name}`
    contents[table.name] = (await pool.query(`SELECT ${names} FROM ${from} ORDER BY 1, 2`)).rows
  }
  return contents as Contents
}

/**
 * All rows of all tables as texts, in one order, so that those of different stores can be compared. `read`: what a text
 * that is stored so was.
 */
export const rowTexts = (
  contents: Readonly<Record<string, unknown[]>>,
  read: (text: string) => string = (text) => text,
): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(contents).map(([table, rows]) => [
      table,
      rows.map((row) => JSON.stringify(row, (_, value) => (typeof value === 'string' ? read(value) : value))).sort(),
    ]),
  )

/** The same of rows that are stored in PostgreSQL. */
export const postgresTexts = (contents: Readonly<Record<string, unknown[]>>) => rowTexts(contents, unescapeNul)
