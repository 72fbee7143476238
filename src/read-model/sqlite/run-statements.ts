/** The SQL of lists of runs. */

import sql, { join, raw, type Sql } from 'sql-template-tag'
import {
  type Condition,
  driving,
  isDescending,
  type OrderColumns,
  type Predicate,
  type Stretch,
  sortColumnOf,
  stretchConditions,
  testing,
} from '../queries/run-predicates.ts'
import type { RunSort } from '../read-model.ts'
import { STORED_RUN, storedRunUpTo } from './run-columns.ts'

/** One way through an index: the runs that `driver` finds, or all, in the order of `sort`; `tests` must hold of each. */
export type Path = Readonly<{ driver: Predicate | null; tests: readonly Predicate[]; sort: RunSort }>

// All of a query's rows are in memory at once, so that many big ones may not come with their text.
/** A row's text is left out beyond its share of this. */
export const MAX_TEXT_BYTES = 4 * 1024 * 1024

/**
 * Sort value, then what `StoredRunValues` says: the first `limit` runs on a path whose index has the sort's order. The
 * text of a big run is null, and to be asked for by `ONE_RUN`.
 */
export const runsOn = (path: Path, stretch: Stretch, limit: number): Sql => {
  const order = orderOf(path)
  return sql`select ${order.value}, ${join(storedRunUpTo(Math.floor(MAX_TEXT_BYTES / limit)))}
    from ${drivenRuns(path.driver)} left join quarantine on quarantine.run_id = runs.run_id
    where ${allOf([...drivenBy(path), ...path.tests.map(testing), ...stretchConditions(order, stretch)])}
    ${orderBy(order)} limit 0 + ${limit}`
}

/** Sort value and run of `most` entries from the one `entries` further on a path, whether they pass the tests or not. */
export const keysAfter = (path: Path, stretch: Stretch, entries: number, most: number): Sql => {
  const order = orderOf(path)
  return sql`select ${order.value}, ${order.tie}
    from ${path.driver?.kind === 'metadata' ? sql`metadata_values` : sql`runs`}
    where ${allOf([...drivenBy(path), ...stretchConditions(order, stretch)])}
    ${orderBy(order)} limit 0 + ${most} offset 0 + ${entries - 1}`
}

/** Sort value and run of the first `limit` runs on a path whose index has another order: all that it finds are sorted. */
export const keysFoundBy = (path: Path, stretch: Stretch, limit: number): Sql => {
  const column = sortColumnOf(path.sort)
  // `+`: what is sorted must not tempt the planner to drive by the sort's index
  const order = {
    value: sql`+runs.${raw(column)}`,
    tie: sql`+runs.run_id`,
    descending: isDescending(path.sort),
  }
  return sql`select runs.${raw(column)}, runs.run_id from ${drivenRuns(path.driver)}
    where ${allOf([...drivenBy(path), ...path.tests.map(testing), ...stretchConditions(order, stretch)])}
    ${orderBy(order)} limit 0 + ${limit}`
}

/** How many entries of its index `driver` finds, counted no further than `most`. */
export const entriesUpTo = (driver: Predicate, most: number): Sql =>
  sql`select count(*) from (select 1 from ${driver.kind === 'metadata' ? sql`metadata_values` : sql`runs`}
    where ${driving(driver)} limit 0 + ${most})`

/** How many runs `driver` finds that pass the tests. */
export const countOf = (driver: Predicate | null, tests: readonly Predicate[]): Sql =>
  sql`select count(*) from ${drivenRuns(driver)}
    where ${allOf([...drivenBy({ driver }), ...tests.map(testing)])}`

/** One run, as `StoredRunValues`. */
export const ONE_RUN: Sql = sql`select ${join(STORED_RUN)}
  from runs left join quarantine on quarantine.run_id = runs.run_id where runs.run_id = ${null}`

/** `runs`, by way of the index that `driver` needs. */
export const drivenRuns = (driver: Predicate | null): Sql =>
  driver?.kind === 'metadata' ? sql`metadata_values cross join runs on runs.run_id = metadata_values.run_id` : sql`runs`

const drivenBy = ({ driver }: Pick<Path, 'driver'>): readonly Condition[] => (driver === null ? [] : [driving(driver)])

const orderOf = ({ driver, sort }: Path): OrderColumns => {
  const table = raw(driver?.kind === 'metadata' ? 'metadata_values' : 'runs')
  return {
    value: sql`${table}.${raw(sortColumnOf(sort))}`,
    tie: sql`${table}.run_id`,
    descending: isDescending(sort),
  }
}

export const orderBy = ({ value, tie, descending }: OrderColumns): Sql => {
  const direction = raw(descending ? 'desc' : 'asc')
  return sql`order by ${value} ${direction}, ${tie} ${direction}`
}

export const allOf = (conditions: readonly Condition[]): Sql =>
  conditions.length === 0 ? sql`true` : join(conditions, ' and ')
