/** The SQL of lists of runs as they are. */
import { sql } from 'kysely'
import { damage } from '../../queries/damage.ts'
import type { KeyRange, Row } from '../../queries/keyset-pagination.ts'
import type { RunPath, RunPlan, RunStatements } from '../../queries/list-runs.ts'
import type { SearchStatements } from '../../queries/search-runs.ts'
import type { StoredRun } from '../../read-model.ts'
import { allOf, MAX_TEXT_BYTES, type OrderColumns, orderBy, rangeConditions, type Sql } from '../../sql/conditions.ts'
import { CURRENT_TEXT, type StoredRunValues, storedRun, storedRunColumns } from './run-columns.ts'
import { drivenRuns, driving, drivingTable, entriesUpTo, testing } from './run-conditions.ts'
import { type SearchColumns, searchCondition } from './search/search-conditions.ts'
import { candidates, SEARCHED_ALWAYS, verdictSql } from './search/search-verdicts.ts'
import { compiled, fixed, PARAMETER, type Statement } from './statements.ts'

export const currentRunStatements = (plan: RunPlan): RunStatements<Statement> & SearchStatements<Statement> => {
  const { column, descending, range: bounds } = plan
  const condition = plan.search === null ? sql`true` : searchCondition(plan.search, SEARCHED)
  const text = textUpTo(Math.floor(MAX_TEXT_BYTES / plan.limit))

  const orderOf = ({ driver }: RunPath): OrderColumns => {
    const table = drivingTable(driver)
    return { value: sql.raw(`${table}.${column}`), tie: sql.raw(`${table}.run_id`), descending }
  }

  /** `limit` keys on a path after the first `offset`, whether they pass its tests or not. */
  const keysOn = (path: RunPath, range: KeyRange, limit: number, offset: number): Statement => {
    const order = orderOf(path)
    return compiled(sql`select ${order.value}, ${order.tie} from ${sql.raw(drivingTable(path.driver))}
      where ${allOf([...drivenBy(path), ...rangeConditions(order, range, bounds)])}
      ${orderBy(order)} limit 0 + ${limit} offset 0 + ${offset}`)
  }

  return {
    rowsOn: (path, range, limit) => {
      const order = orderOf(path)
      return compiled(sql`select ${order.value}, ${storedRunColumns(text, REVISION)}
        from ${drivenRuns(path.driver)} left join quarantine on quarantine.run_id = runs.run_id
        where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])} ${orderBy(order)} limit 0 + ${limit}`)
    },
    keyAfter: (path, range, entries) => keysOn(path, range, 1, entries - 1),
    keysOn: (path, range, limit) => keysOn(path, range, limit, 0),
    verdictsOf: (keys, path, until) =>
      compiled(sql`select candidate.key, ${verdictSql(until, path.tests.map(testing), condition)}, runs.revision
        from ${candidates(keys)} left join runs on runs.run_id = candidate.value ->> 0`),
    // biome-ignore lint/correctness/useYield: the metadata of runs as they are is always stored.
    verdictFolded: function* ({ tie }) {
      throw damage(`the run ${tie} has no metadata`)
    },
    keysFoundBy: (path, range, limit) => {
      // The `+` keeps the planner from leading by the index of the sort.
      const order = { value: sql.raw(`+runs.${column}`), tie: sql.raw('+runs.run_id'), descending }
      return compiled(sql`select ${sql.raw(`runs.${column}`)}, runs.run_id from ${drivenRuns(path.driver)}
        where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])} ${orderBy(order)} limit 0 + ${limit}`)
    },
    entriesUpTo: ({ driver }, most) => compiled(entriesUpTo(driver, most)),
    countOf: (path) => compiled(sql`select count(*) from ${drivenRuns(path.driver)} where ${allOf(foundBy(path))}`),
    itemOf,
    itemAt: function* ([, run_id]) {
      const [values] = yield oneRun(run_id)
      if (values === undefined) throw damage(`the run ${run_id} has no row`)
      return storedRun(...(values as unknown as StoredRunValues))
    },
    charactersOf: ({ text: { length } }) => length,
  }
}

const REVISION = sql.raw('runs.revision')

const SEARCHED: SearchColumns = {
  ...SEARCHED_ALWAYS,
  status: sql.raw('runs.status'),
  result: sql.raw('runs.result'),
  run_metadata: sql.raw('runs.run_metadata'),
  started_at: sql.raw('runs.started_at'),
  last_updated_at: sql.raw('runs.last_updated_at'),
  revision: REVISION,
}

/** The text of a run whose JSON takes no more than `bytes`. */
const textUpTo = (bytes: number): Sql =>
  sql`case when octet_length(runs.input_data) + octet_length(runs.run_metadata) <= ${bytes} then ${CURRENT_TEXT} end`

/** Of a row with a text. */
export const itemOf = ([, run_id, text, revision, quarantined]: Row): StoredRun | null =>
  typeof text === 'string' ? storedRun(...([run_id, text, revision, quarantined] as unknown as StoredRunValues)) : null

/** One run, as `StoredRunValues`. */
export const oneRun = fixed(sql`select ${storedRunColumns(CURRENT_TEXT, REVISION)}
  from runs left join quarantine on quarantine.run_id = runs.run_id where runs.run_id = ${PARAMETER}`)

const drivenBy = ({ driver }: RunPath): readonly Sql[] => (driver === null ? [] : [driving(driver)])

const foundBy = (path: RunPath): readonly Sql[] => [...drivenBy(path), ...path.tests.map(testing)]
