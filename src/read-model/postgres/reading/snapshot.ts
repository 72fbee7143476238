/** Reads of one moment: the tables that are live, how far their parts have got, and queries run to their end over both. */
import type pg from 'pg'
import { types } from 'pg'
import type { Position } from '../../../event-store/event-store.ts'
import type { Query, Row } from '../../queries/keyset-pagination.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'
import { escapeNul, unescapeNul } from '../text.ts'
import { beingMade } from './read-failure.ts'
import type { Statement } from './statements.ts'

/** `generation`: whose tables are live. `position`: the lowest of the parts that were asked for. */
export type Moment = Readonly<{ generation: number; position: Position }>

/** Begins a transaction in which every statement sees the same moment. `parts`: whose positions count; all where it is null. */
export const beginSnapshot = async (client: pg.ClientBase, parts: readonly number[] | null): Promise<Moment> => {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  return momentOf(client, parts)
}

/** The same without a transaction. */
export const lookAtMoment = (client: pg.ClientBase | pg.Pool): Promise<Moment> => momentOf(client, null)

/** How far each part has got, by its number. */
export const partPositions = async (client: pg.ClientBase, generation: number): Promise<readonly Position[]> => {
  const { rows } = await client.query<{ position: Position }>(
    `SELECT position FROM ${REGISTRY}.projection_parts WHERE set = $1 AND generation = $2 ORDER BY part`,
    [TABLE_SET, generation],
  )
  return rows.map(({ position }) => position)
}

/** Whether a projector has ever run over this database. */
export const hasRegistry = async (pool: pg.Pool): Promise<boolean> => {
  const { rows } = await pool.query('SELECT to_regclass($1) IS NOT NULL', [`${REGISTRY}.projection_sets`])
  return Object.values(rows[0] ?? {})[0] === true
}

// Prepared once a connection: planning takes longer than the rest.
const momentOf = async (client: pg.ClientBase | pg.Pool, parts: readonly number[] | null): Promise<Moment> => {
  const config = { name: 'run_ledger_moment', text: MOMENT, values: [parts], rowMode: 'array' as const, types: TYPES }
  return momentIn((await client.query(config)).rows[0])
}

const MOMENT = `SELECT sets.live, min(parts.position) FROM ${REGISTRY}.projection_sets AS sets
  LEFT JOIN ${REGISTRY}.projection_parts AS parts ON parts.set = sets.set AND parts.generation = sets.live
    AND ($1::int[] IS NULL OR parts.part = ANY ($1))
  WHERE sets.set = '${TABLE_SET}' GROUP BY sets.live`

/** Throws where the tables are not there yet. */
export const momentIn = (row: readonly unknown[] | undefined): Moment => {
  const [generation, position] = (row ?? []) as [number | null, Position | null]
  if (typeof generation !== 'number' || typeof position !== 'string') throw beingMade()
  return { generation, position }
}

/** The result of `query`, whose statements are answered one after another. */
export const runQuery = async <Result>(client: pg.ClientBase, query: Query<Statement, Result>): Promise<Result> => {
  let step = query.next()
  while (!step.done) step = query.next(await rowsOf(client, step.value))
  return step.value
}

export const rowsOf = async (
  client: pg.ClientBase | pg.Pool,
  { sql, parameters, name }: Statement,
): Promise<readonly Row[]> => {
  const values = parameters.map((value) => (typeof value === 'string' ? escapeNul(value) : value))
  const config = { text: sql, values, rowMode: 'array' as const, types: TYPES }
  return (await client.query<Row[]>(name === undefined ? config : { ...config, name })).rows
}

/** Texts as they were sent; numbers of the tables are at most 2^53. */
const TYPES = {
  getTypeParser: ((oid: number, format?: 'text') => {
    if (oid === types.builtins.TEXT) return unescapeNul
    if (oid === types.builtins.INT8 || oid === types.builtins.NUMERIC) return Number
    return types.getTypeParser(oid, format)
  }) as typeof types.getTypeParser,
}
