/** Lists of runs as they stood at a moment. */

import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Row } from '../queries/keyset-pagination.ts'
import {
  type Bounds,
  driving,
  isDescending,
  type OrderColumns,
  type Predicate,
  predicatesOf,
  type Range,
  type SortColumn,
  type Stretch,
  sortColumnOf,
  stretchConditions,
} from '../queries/run-predicates.ts'
import type { RunMoment, RunQuery, StoredRun } from '../read-model.ts'
import { isOfVersion, pastColumns, standingRevision, testingPast } from './past-predicates.ts'
import { damage } from './read-failure.ts'
import { runText, type StoredRunValues, storedRun, storedRunWith } from './run-columns.ts'
import type { RunPlan } from './run-queries.ts'
import { allOf, drivenRuns, entriesUpTo, MAX_TEXT_BYTES, orderBy } from './run-statements.ts'
import type { StatementPool } from './statement-pool.ts'
import { metadataOfVersion } from './version-metadata.ts'

export const isPast = ({ as_of, known_at }: RunMoment): boolean => as_of !== undefined || known_at !== undefined

/** A way to the runs, by the index of `driver` or, where it is null, by that of the sort. Every filter is tested. */
type PastPath = Readonly<{ driver: Predicate | null }>

export const pastPlan = (query: RunQuery): RunPlan<PastPath> => {
  const { sort, after, limit } = query
  const column = sortColumnOf(sort)
  const asked = predicatesOf(query)
  const predicates = [...asked.filter((each) => !isRangeOf(each, 'created_at')), ...createdBy(asked, query)]
  const range = rangeIn(predicates, column, query)
  const drivers = predicates.filter((each) => !isOfVersion(each))
  const others = predicates.filter((each) => !isRangeOf(each, column))
  const inRange = <Part>(stretch: Part) => ({ ...stretch, range })
  const statements = statementsOf(query, predicates)
  const ways = () =>
    drivers.map((driver) => ({ entriesUpTo: (most: number) => entriesUpTo(driver, most), path: { driver } }))
  return {
    limit,
    after: after && { value: after.value, tie: after.run_id },
    descending: isDescending(sort),
    exact: column === 'created_at' && query.known_at === undefined ? exactPaths(others) : null,
    few: () => ways().filter(({ path }) => !isRangeOf(path.driver, column)),
    walk: () => ({ driver: (column === 'created_at' && others.find(isOneValue)) || null }),
    rowsOn: (path, stretch, most) => statements.rowsOn(path, inRange(stretch), most),
    keysAfter: (path, stretch, entries, most) => statements.keysAfter(path, inRange(stretch), entries, most),
    keysFoundBy: (path, stretch, most) => statements.keysFoundBy(path, inRange(stretch), most),
    countOf: (path) =>
      statements.countOf(path ?? { driver: drivers.find((each) => each.kind === 'metadata') ?? drivers[0] ?? null }),
    read: (pool, row) => readRun(pool, row, query),
    charactersOf: ({ text }) => text.length,
    ways,
  }
}

const isRangeOf = (predicate: Predicate, column: SortColumn): predicate is Range =>
  predicate.kind === 'range' && predicate.column === column

/** A run stood only from its creation on. */
const createdBy = (asked: readonly Predicate[], moment: RunMoment): readonly Range[] => {
  const created = asked.find((each) => isRangeOf(each, 'created_at'))
  if (moment.as_of === undefined) return created === undefined ? [] : [created]
  return [{ kind: 'range', column: 'created_at', ...created, ...upTo(moment.as_of, created) }]
}

const rangeIn = (predicates: readonly Predicate[], column: SortColumn, { as_of }: RunMoment): Bounds | undefined => {
  const range = predicates.find((each) => isRangeOf(each, column))
  return as_of === undefined ? range : { ...range, ...upTo(as_of, range) }
}

// A time has always the same length, so that what is longer is after it and before the next.
const upTo = (as_of: string, range: Range | undefined): Readonly<{ before: string }> => {
  const before = `${as_of} `
  return { before: range?.before !== undefined && range.before < before ? range.before : before }
}

/** No filter but what an index holds in the order of creation, and every run that it finds stood then. */
const exactPaths = (others: readonly Predicate[]): readonly PastPath[] | null => {
  const [only] = others
  if (only === undefined) return [{ driver: null }]
  if (others.length > 1 || isOfVersion(only)) return null
  return only.kind === 'equality'
    ? only.values.map((value) => ({ driver: { ...only, values: [value] } }))
    : [{ driver: only }]
}

const isOneValue = (predicate: Predicate): boolean =>
  predicate.kind === 'metadata' ||
  (predicate.kind === 'equality' && !isOfVersion(predicate) && predicate.values.length === 1)

/** The SQL of a moment's lists. */
const statementsOf = (query: RunQuery, predicates: readonly Predicate[]) => {
  const column = sortColumnOf(query.sort)
  const descending = isDescending(query.sort)

  const rowsOn = (path: PastPath, stretch: Stretch, limit: number): Sql => {
    const order = orderOf(path)
    const bytes = Math.floor(MAX_TEXT_BYTES / limit)
    const text = sql`case when octet_length(runs.input_data) <= ${bytes} then ${runText(pastColumns(bytes))} end`
    return sql`select ${order.value}, ${join(storedRunWith(text, sql`version.revision`))}
      from ${inOrder(path)} left join quarantine on quarantine.run_id = runs.run_id
      where ${allOf([...found(path), ...stretchConditions(order, stretch)])}
      ${orderBy(order)} limit 0 + ${limit}`
  }

  const keysAfter = (path: PastPath, stretch: Stretch, entries: number, most: number): Sql => {
    const order = orderOf(path)
    const tables = column === 'last_updated_at' ? sql`entries as version` : drivenRuns(path.driver)
    const driven = path.driver === null ? [] : [driving(path.driver)]
    return sql`select ${order.value}, ${order.tie} from ${tables}
      where ${allOf([...driven, ...stretchConditions(order, stretch)])}
      ${orderBy(order)} limit 0 + ${most} offset 0 + ${entries - 1}`
  }

  const keysFoundBy = (path: PastPath, stretch: Stretch, limit: number): Sql => {
    const value = column === 'created_at' ? sql`runs.created_at` : sql`version.occurred_at`
    // `+`: what is sorted must not tempt the planner to drive by the sort's index
    const order = { value: sql`+${value}`, tie: sql`+runs.run_id`, descending }
    return sql`select ${value}, runs.run_id from ${byCreation(path)}
      where ${allOf([...found(path), ...stretchConditions(order, stretch)])}
      ${orderBy(order)} limit 0 + ${limit}`
  }

  // That a run was created by then says that it stood; all else only its version tells.
  const needsVersion = query.known_at !== undefined || predicates.some(isOfVersion)
  const countOf = (path: PastPath): Sql =>
    sql`select count(*) from ${needsVersion ? byCreation(path) : drivenRuns(path.driver)}
      where ${allOf(found(path))}`

  const byCreation = ({ driver }: PastPath): Sql =>
    sql`${drivenRuns(driver)} cross join entries as version on version.run_id = runs.run_id
      and version.revision = ${standingRevision(query, sql`runs.run_id`)}`

  /** Each event's version in the order of time; of those of a run only the last until the moment stands. */
  const byUpdate = sql`entries as version cross join runs on runs.run_id = version.run_id
      and version.revision = ${standingRevision(query, sql`version.run_id`)}`

  const inOrder = (path: PastPath) => (column === 'created_at' ? byCreation(path) : byUpdate)

  const orderOf = ({ driver }: PastPath): OrderColumns => {
    if (column === 'last_updated_at') return { value: sql`version.occurred_at`, tie: sql`version.run_id`, descending }
    const table = driver?.kind === 'metadata' ? 'metadata_values' : 'runs'
    return { value: raw(`${table}.created_at`), tie: raw(`${table}.run_id`), descending }
  }

  const found = ({ driver }: PastPath) => [
    ...(driver === null ? [] : [driving(driver)]),
    ...predicates.filter((each) => each !== driver).map(testingPast),
  ]

  return { rowsOn, keysAfter, keysFoundBy, countOf }
}

/** Of a key, and of a row that left out a big text, the run is read by itself. */
const readRun = (pool: StatementPool, [, run_id, text, revision, quarantined]: Row, moment: RunMoment): StoredRun => {
  if (typeof text === 'string')
    return storedRun(...([run_id, text, revision, quarantined] as unknown as StoredRunValues))
  const id = String(run_id)
  const standing = Number(revision ?? pool.first<[number]>(sql`select ${standingRevision(moment, sql`${id}`)}`)?.[0])
  const metadata = metadataOfVersion(pool, id, standing)
  const columns = { ...pastColumns(0), run_metadata: sql`${metadata}` }
  const values = pool.first<StoredRunValues>(
    sql`select ${join(storedRunWith(runText(columns), sql`version.revision`))}
      from runs cross join entries as version on version.run_id = runs.run_id and version.revision = ${standing}
        left join quarantine on quarantine.run_id = runs.run_id
      where runs.run_id = ${id}`,
  )
  if (values === undefined) throw damage(`the run ${id} has no row, or no version ${standing}`)
  return storedRun(...values)
}
