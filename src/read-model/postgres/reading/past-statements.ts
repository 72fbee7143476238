/** The SQL of lists of runs as they stood at a moment. */
import { sql } from 'kysely'
import { damage } from '../../queries/damage.ts'
import { type KeyRange, numberIn } from '../../queries/keyset-pagination.ts'
import type { RunPath, RunPlan, RunStatements } from '../../queries/list-runs.ts'
import { isOfVersion, type Predicate } from '../../queries/run-predicates.ts'
import { metadataAt, type VersionStatements } from '../../queries/run-versions.ts'
import { readsMetadata } from '../../queries/search-filters.ts'
import { NO_MATCH, type SearchStatements, TO_BE_FOLDED } from '../../queries/search-runs.ts'
import type { RunMoment } from '../../read-model.ts'
import {
  allOf,
  anyOf,
  MAX_TEXT_BYTES,
  type OrderColumns,
  orderBy,
  rangeConditions,
  type Sql,
  within,
} from '../../sql/conditions.ts'
import { escapeNulInJson } from '../text.ts'
import { drivenRuns, driving, drivingTable, entriesUpTo, testing } from './run-conditions.ts'
import { itemOf, keyOf, sortedKeys } from './run-statements.ts'
import { type StoredRunValues, storedRunColumns, storedRunOf } from './run-text.ts'
import { type SearchColumns, searchCondition } from './search-conditions.ts'
import { candidates, PLACE, SEARCHED_ALWAYS, verdictSql } from './search-verdicts.ts'
import { compiled, type Statement, type Tables } from './statements.ts'

/** `until`: the position up to which all parts of the tables are whole, as a number. */
export const pastRunStatements =
  (tables: Tables, versions: VersionStatements<Statement>) =>
  (plan: RunPlan, asked: RunMoment, until: number): RunStatements<Statement> & SearchStatements<Statement> => {
    const { column, descending, range: bounds } = plan
    const isByUpdate = column === 'last_updated_at'
    const bytes = Math.floor(MAX_TEXT_BYTES / plan.limit)
    // What the ledger knew has to stay what it was: a part that is behind has not all of it yet.
    const moment: Moment = asked.known_at === undefined ? asked : { ...asked, until }

    const condition = plan.search === null ? sql`true` : searchCondition(plan.search, SEARCHED)
    const isFolding = plan.search !== null && readsMetadata(plan.search)
    const notStanding = sql`when version.revision is null ${isByUpdate ? NOT_LATEST : sql``} then ${sql.lit(NO_MATCH)}
      ${isFolding ? sql`when held.run_metadata is null then ${sql.lit(TO_BE_FOLDED)}` : sql``}`

    /** Each event's version in the order of time; of those of a run only the last until the moment stands. */
    const byUpdate = sql`${tables.entries} as version join ${tables.runs} as runs on runs.run_id = version.run_id
      and version.revision = (${standing(tables, moment, sql.raw('version.run_id'), sql.raw('past.revision'))})`

    const byCreation = ({ driver }: RunPath): Sql =>
      sql`${drivenRuns(tables, driver)} cross join lateral
        (${standing(tables, moment, sql.raw('runs.run_id'), sql.raw('past.*'))}) as version`

    const orderOf = ({ driver }: RunPath): OrderColumns => {
      if (isByUpdate) return { value: OCCURRED, tie: sql.raw('version.run_id'), descending }
      const table = drivingTable(driver)
      return { value: sql.raw(`${table}.created_at`), tie: sql.raw(`${table}.run_id`), descending }
    }

    const foundBy = ({ driver, tests }: RunPath): readonly Sql[] => [
      ...(driver === null ? [] : [driving(driver)]),
      ...tests.map((test) => testingPast(tables, test)),
    ]

    const input = sql`case when octet_length(runs.input_data) <= ${bytes} then runs.input_data end`
    const columns = storedRunColumns(input, versionColumns(metadataUpTo(tables, bytes)))
    const withQuarantine = sql`left join ${tables.quarantine} as quarantine on quarantine.run_id = runs.run_id`

    /** `limit` keys on a path after the first `offset`, whether they pass its tests or not. */
    const keysOn = ({ driver }: RunPath, range: KeyRange, limit: number, offset: number): Statement => {
      const order = orderOf({ driver, tests: [] })
      const driven = driver === null ? [] : [driving(driver)]
      return compiled(sql`select ${order.value}, ${order.tie}
        from ${isByUpdate ? sql`${tables.entries} as version` : drivenRuns(tables, driver)}
        where ${allOf([...driven, ...rangeConditions(order, range, bounds)])}
        ${orderBy(order)} limit ${limit} offset ${offset}`)
    }

    return {
      rowsOn: (path, range, limit) => {
        const order = orderOf(path)
        return compiled(sql`select ${order.value}, ${columns}
          from ${isByUpdate ? byUpdate : byCreation(path)} ${withQuarantine}
          where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])} ${orderBy(order)} limit ${limit}`)
      },
      keyAfter: (path, range, entries) => keysOn(path, range, 1, entries - 1),
      keysOn: (path, range, limit) => keysOn(path, range, limit, 0),
      verdictsOf: (keys, { tests }, at) =>
        compiled(sql`select ${PLACE}, ${verdictSql(
          at,
          tests.map((test) => testingPast(tables, test)),
          condition,
          notStanding,
        )}, version.revision
          from ${candidates(keys)} left join ${tables.runs} as runs on runs.run_id = candidate.run_id
            left join lateral (${standing(tables, moment, sql.raw('runs.run_id'), sql.raw('past.*'))}) as version on true
            ${isFolding ? metadataThen(tables) : sql``}
          order by candidate.place`),
      verdictFolded: function* ({ tie }, revision) {
        const run_id = String(tie)
        const metadata = escapeNulInJson(yield* metadataAt(versions, run_id, revision))
        const rows = yield compiled(sql`select 1
          from ${tables.runs} as runs join ${tables.entries} as version on version.run_id = runs.run_id
            cross join (select ${metadata}::jsonb as run_metadata) as held
          where runs.run_id = ${run_id} and version.revision = ${revision} and ${condition}`)
        return rows.length > 0
      },
      keysFoundBy: (path, range, limit) => {
        const order = isByUpdate ? { value: OCCURRED, tie: sql.raw('runs.run_id'), descending } : keyOf(plan)
        return compiled(
          sortedKeys(
            sql`select ${order.value} as value, runs.run_id as tie from ${byCreation(path)}
              where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])}`,
            plan,
            limit,
          ),
        )
      },
      entriesUpTo: ({ driver }, most) => compiled(entriesUpTo(tables, driver, most)),
      countOf: (path) => {
        // That a run was created by then says that it stood; all else only its version has.
        const needsVersion = moment.known_at !== undefined || path.tests.some(isOfVersion)
        return compiled(sql`select count(*) from ${needsVersion ? byCreation(path) : drivenRuns(tables, path.driver)}
          where ${allOf(foundBy(path))}`)
      },
      itemOf,
      itemAt: function* ([, id, , known]) {
        const run_id = String(id)
        const stands = standing(tables, moment, sql`${run_id}`, sql.raw('past.revision'))
        const revision = Number(known ?? numberIn(yield compiled(stands)))
        const metadata = yield* metadataAt(versions, run_id, revision)
        const whole = storedRunColumns(sql.raw('runs.input_data'), versionColumns(sql`${metadata}::text`))
        const [values] = yield compiled(sql`select ${whole}
          from ${tables.runs} as runs join ${tables.entries} as version on version.run_id = runs.run_id ${withQuarantine}
          where runs.run_id = ${run_id} and version.revision = ${revision}`)
        const run = values === undefined ? null : storedRunOf(values as unknown as StoredRunValues)
        if (run === null) throw damage(`the run ${run_id} has no row, or no version ${revision}`)
        return run
      },
      charactersOf: ({ text: { length } }) => length,
    }
  }

/** `until`: only of events up to this position. */
type Moment = RunMoment & Readonly<{ until?: number }>

const OCCURRED = sql.raw('version.occurred_at')

/**
 * `selected` of the version that the run stood at: the last that had occurred, that the ledger knew, or, where both are asked
 * for, the earlier of the two. Both times only grow inside a run, so it is the last that meets all.
 */
const standing = ({ entries }: Tables, { as_of, known_at, until }: Moment, run_id: Sql, selected: Sql): Sql =>
  sql`select ${selected} from ${entries} as past where ${allOf([
    sql`past.run_id = ${run_id} and past.status is not null`,
    ...(as_of === undefined ? [] : [sql`past.occurred_at <= ${as_of}`]),
    ...(known_at === undefined ? [] : [sql`past.known_from <= ${known_at}`]),
    ...(until === undefined ? [] : [sql`past.position <= ${until}`]),
  ])} order by past.revision desc limit 1`

const versionColumns = (run_metadata: Sql) => ({
  status: sql.raw('version.status'),
  result: sql.raw('version.result'),
  run_metadata,
  started_at: sql.raw('version.started_at'),
  last_updated_at: OCCURRED,
  revision: sql.raw('version.revision'),
})

/** Null for metadata that takes more than `bytes` or has to be folded. */
const metadataUpTo = ({ entries, entry_texts }: Tables, bytes: number): Sql =>
  sql`(select case when octet_length(kept.run_metadata) <= ${bytes} then kept.run_metadata end
    from ${entries} as past join ${entry_texts} as kept on kept.position = past.position
    where past.run_id = version.run_id and past.revision <= version.revision and past.metadata_kept is not null
    order by past.revision desc limit 1)`

/** Of a run's events only the one that it stood at is a candidate. */
const NOT_LATEST = sql.raw('or version.occurred_at <> candidate.value')

/** With `held.run_metadata`: null where it has to be folded, or holds escapes, which `jsonb` does not take as they are. */
const metadataThen = ({ entries, entry_texts }: Tables): Sql =>
  sql`left join lateral (
    select case when strpos(kept.run_metadata, '\\u') = 0 then kept.run_metadata::jsonb end as run_metadata
    from ${entries} as past join ${entry_texts} as kept on kept.position = past.position
    where past.run_id = version.run_id and past.revision <= version.revision and past.metadata_kept is not null
    order by past.revision desc limit 1) as held on true`

const SEARCHED: SearchColumns = {
  ...SEARCHED_ALWAYS,
  status: sql.raw('version.status'),
  result: sql.raw('version.result'),
  run_metadata: sql.raw('held.run_metadata'),
  started_at: sql.raw('version.started_at'),
  last_updated_at: OCCURRED,
  revision: sql.raw('version.revision'),
}

/** The run as it stood; metadata filters are about its metadata as it is now. */
const testingPast = (tables: Tables, predicate: Predicate): Sql => {
  if (predicate.kind === 'equality' && isOfVersion(predicate))
    return anyOf(sql.raw(`version.${predicate.column}`), predicate.values)
  if (predicate.kind === 'range' && isOfVersion(predicate)) return within(OCCURRED, predicate)
  return testing(tables, predicate)
}
