/** The SQL of lists of runs as they are. */
import { sql } from 'kysely'
import { damage } from '../../queries/damage.ts'
import type { KeyRange, Row } from '../../queries/keyset-pagination.ts'
import type { RunPath, RunPlan, RunStatements } from '../../queries/list-runs.ts'
import type { SearchStatements } from '../../queries/search-runs.ts'
import type { StoredRun } from '../../read-model.ts'
import { allOf, MAX_TEXT_BYTES, type OrderColumns, orderBy, rangeConditions, type Sql } from '../../sql/conditions.ts'
import { drivenRuns, driving, drivingTable, entriesUpTo, testing } from './run-conditions.ts'
import { CURRENT, type StoredRunValues, storedRunColumns, storedRunOf } from './run-text.ts'
import { type SearchColumns, searchCondition } from './search-conditions.ts'
import { candidates, PLACE, SEARCHED_ALWAYS, verdictSql } from './search-verdicts.ts'
import { compiled, fixed, PARAMETER, type Statement, type Tables } from './statements.ts'

/** One run, as `StoredRunValues`. */
export type OneRun = (run_id: string) => Statement

export const oneRun = ({ runs, quarantine }: Tables): OneRun =>
  fixed(sql`select ${storedRunColumns(sql.raw('runs.input_data'), CURRENT)}
    from ${runs} as runs left join ${quarantine} as quarantine on quarantine.run_id = runs.run_id
    where runs.run_id = ${PARAMETER}`)

export const currentRunStatements =
  (tables: Tables, one: OneRun) =>
  (plan: RunPlan): RunStatements<Statement> & SearchStatements<Statement> => {
    const { column, descending, range: bounds } = plan
    const condition = plan.search === null ? sql`true` : searchCondition(plan.search, SEARCHED)
    const bytes = Math.floor(MAX_TEXT_BYTES / plan.limit)

    const orderOf = ({ driver }: RunPath): OrderColumns => {
      const table = drivingTable(driver)
      return { value: sql.raw(`${table}.${column}`), tie: sql.raw(`${table}.run_id`), descending }
    }
    const foundBy = ({ driver, tests }: RunPath): readonly Sql[] => [
      ...(driver === null ? [] : [driving(driver)]),
      ...tests.map((test) => testing(tables, test)),
    ]

    /** `limit` keys on a path after the first `offset`, whether they pass its tests or not. */
    const keysOn = ({ driver }: RunPath, range: KeyRange, limit: number, offset: number): Statement => {
      const order = orderOf({ driver, tests: [] })
      const table = drivingTable(driver)
      const driven = driver === null ? [] : [driving(driver)]
      return compiled(sql`select ${order.value}, ${order.tie} from ${tables[table]} as ${sql.raw(table)}
        where ${allOf([...driven, ...rangeConditions(order, range, bounds)])}
        ${orderBy(order)} limit ${limit} offset ${offset}`)
    }

    return {
      rowsOn: (path, range, limit) => {
        const order = orderOf(path)
        return compiled(sql`select ${order.value}, ${storedRunColumns(inputUpTo(bytes), CURRENT)}
          from ${drivenRuns(tables, path.driver)} left join ${tables.quarantine} as quarantine on quarantine.run_id = runs.run_id
          where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])} ${orderBy(order)} limit ${limit}`)
      },
      keyAfter: (path, range, entries) => keysOn(path, range, 1, entries - 1),
      keysOn: (path, range, limit) => keysOn(path, range, limit, 0),
      verdictsOf: (keys, { tests }, until) =>
        compiled(sql`select ${PLACE}, ${verdictSql(
          until,
          tests.map((test) => testing(tables, test)),
          condition,
        )}, runs.revision
          from ${candidates(keys)} left join ${tables.runs} as runs on runs.run_id = candidate.run_id
          order by candidate.place`),
      // biome-ignore lint/correctness/useYield: the metadata of runs as they are is always stored.
      verdictFolded: function* ({ tie }) {
        throw damage(`the run ${tie} has no metadata`)
      },
      keysFoundBy: (path, range, limit) =>
        compiled(
          sortedKeys(
            sql`select ${sql.raw(`runs.${column}`)} as value, runs.run_id as tie
          from ${drivenRuns(tables, path.driver)} where ${allOf([...foundBy(path), ...rangeConditions(keyOf(plan), range, bounds)])}`,
            plan,
            limit,
          ),
        ),
      entriesUpTo: ({ driver }, most) => compiled(entriesUpTo(tables, driver, most)),
      countOf: (path) =>
        compiled(sql`select count(*) from ${drivenRuns(tables, path.driver)} where ${allOf(foundBy(path))}`),
      itemOf,
      itemAt: function* ([, run_id]) {
        const [values] = yield one(run_id as string)
        const run = values === undefined ? null : storedRunOf(values as unknown as StoredRunValues)
        if (run === null) throw damage(`the run ${run_id} has no row`)
        return run
      },
      charactersOf: ({ text: { length } }) => length,
    }
  }

const SEARCHED: SearchColumns = {
  ...SEARCHED_ALWAYS,
  status: sql.raw('runs.status'),
  result: sql.raw('runs.result'),
  run_metadata: sql.raw('runs.run_metadata_json'),
  started_at: sql.raw('runs.started_at'),
  last_updated_at: sql.raw('runs.last_updated_at'),
  revision: sql.raw('runs.revision'),
}

/** The order of runs themselves, whatever table leads to them. */
export const keyOf = ({ column, descending }: Pick<RunPlan, 'column' | 'descending'>): OrderColumns => ({
  value: sql.raw(`runs.${column}`),
  tie: sql.raw('runs.run_id'),
  descending,
})

/**
 * The first `limit` of the keys (`value`, `tie`) that `found` selects. It is materialized, because PostgreSQL would rather scan
 * the order's index and hope to meet `limit` of them soon.
 */
export const sortedKeys = (found: Sql, { descending }: Pick<RunPlan, 'descending'>, limit: number): Sql =>
  sql`with found as materialized (${found})
    select value, tie from found ${orderBy({ value: sql.raw('value'), tie: sql.raw('tie'), descending })} limit ${limit}`

/** Null where a run's JSON takes more than `bytes`. */
const inputUpTo = (bytes: number): Sql =>
  sql`case when octet_length(runs.input_data) + octet_length(runs.run_metadata) <= ${bytes} then runs.input_data end`

/** Of a row with a run's columns; null of a key, and of a row that leaves out a large text. */
export const itemOf = (row: Row): StoredRun | null =>
  row.length === 2 ? null : storedRunOf(row.slice(1) as unknown as StoredRunValues)
