/** The SQL of lists of runs as they stood at a moment. */
import { sql } from 'kysely'
import { damage } from '../../queries/damage.ts'
import { type KeyRange, numberIn } from '../../queries/keyset-pagination.ts'
import type { RunPath, RunPlan, RunStatements } from '../../queries/list-runs.ts'
import { isOfVersion, type Predicate } from '../../queries/run-predicates.ts'
import { metadataAt } from '../../queries/run-versions.ts'
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
import {
  type RunTextColumns,
  resultJson,
  runText,
  type StoredRunValues,
  startedJson,
  storedRun,
  storedRunColumns,
} from './run-columns.ts'
import { drivenRuns, driving, drivingTable, entriesUpTo, testing } from './run-conditions.ts'
import { itemOf } from './run-statements.ts'
import { type SearchColumns, searchCondition } from './search/search-conditions.ts'
import { candidates, SEARCHED_ALWAYS, verdictSql } from './search/search-verdicts.ts'
import { compiled, type Statement } from './statements.ts'
import { versionStatements } from './version-statements.ts'

export const pastRunStatements = (
  plan: RunPlan,
  moment: RunMoment,
): RunStatements<Statement> & SearchStatements<Statement> => {
  const { column, descending, range: bounds } = plan
  const isByUpdate = column === 'last_updated_at'
  const bytes = Math.floor(MAX_TEXT_BYTES / plan.limit)
  const text = sql`case when octet_length(runs.input_data) <= ${bytes} then ${runText(versionColumns(metadataUpTo(bytes)))} end`

  const condition = plan.search === null ? sql`true` : searchCondition(plan.search, SEARCHED)
  const isFolding = plan.search !== null && readsMetadata(plan.search)
  const notStanding = sql`when version.revision is null ${isByUpdate ? NOT_LATEST : sql``} then ${sql.lit(NO_MATCH)}
    ${isFolding ? sql`when kept.run_metadata is null then ${sql.lit(TO_BE_FOLDED)}` : sql``}`

  /** Each event's version in the order of time; of those of a run only the last until the moment stands. */
  const byUpdate = sql`entries as version cross join runs on runs.run_id = version.run_id
    and version.revision = ${standingRevision(moment, sql.raw('version.run_id'))}`

  const byCreation = ({ driver }: RunPath): Sql =>
    sql`${drivenRuns(driver)} cross join entries as version on version.run_id = runs.run_id
      and version.revision = ${standingRevision(moment, sql.raw('runs.run_id'))}`

  const orderOf = ({ driver }: RunPath): OrderColumns => {
    if (isByUpdate) return { value: OCCURRED, tie: sql.raw('version.run_id'), descending }
    const table = drivingTable(driver)
    return { value: sql.raw(`${table}.created_at`), tie: sql.raw(`${table}.run_id`), descending }
  }

  /** `limit` keys on a path after the first `offset`, whether they pass its tests or not. */
  const keysOn = (path: RunPath, range: KeyRange, limit: number, offset: number): Statement => {
    const order = orderOf(path)
    const driven = path.driver === null ? [] : [driving(path.driver)]
    return compiled(sql`select ${order.value}, ${order.tie}
      from ${isByUpdate ? sql.raw('entries as version') : drivenRuns(path.driver)}
      where ${allOf([...driven, ...rangeConditions(order, range, bounds)])}
      ${orderBy(order)} limit 0 + ${limit} offset 0 + ${offset}`)
  }

  return {
    rowsOn: (path, range, limit) => {
      const order = orderOf(path)
      return compiled(sql`select ${order.value}, ${storedRunColumns(text, REVISION)}
        from ${isByUpdate ? byUpdate : byCreation(path)} left join quarantine on quarantine.run_id = runs.run_id
        where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])} ${orderBy(order)} limit 0 + ${limit}`)
    },
    keyAfter: (path, range, entries) => keysOn(path, range, 1, entries - 1),
    keysOn: (path, range, limit) => keysOn(path, range, limit, 0),
    verdictsOf: (keys, path, until) =>
      compiled(sql`select candidate.key, ${verdictSql(until, path.tests.map(testingPast), condition, notStanding)}, ${REVISION}
        from ${candidates(keys)} left join runs on runs.run_id = candidate.value ->> 0
          left join entries as version on version.run_id = runs.run_id
            and version.revision = ${standingRevision(moment, sql.raw('runs.run_id'))}
          ${isFolding ? METADATA_THEN : sql``}`),
    verdictFolded: function* ({ tie }, revision) {
      const run_id = String(tie)
      const metadata = yield* metadataAt(versionStatements, run_id, revision)
      const rows = yield compiled(sql`select 1
        from runs cross join entries as version on version.run_id = runs.run_id and version.revision = ${revision}
          cross join (select ${metadata} as run_metadata) as kept
        where runs.run_id = ${run_id} and ${condition}`)
      return rows.length > 0
    },
    keysFoundBy: (path, range, limit) => {
      const value = isByUpdate ? 'version.occurred_at' : 'runs.created_at'
      // The `+` keeps the planner from leading by the index of the sort.
      const order = { value: sql.raw(`+${value}`), tie: sql.raw('+runs.run_id'), descending }
      return compiled(sql`select ${sql.raw(value)}, runs.run_id from ${byCreation(path)}
        where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])} ${orderBy(order)} limit 0 + ${limit}`)
    },
    entriesUpTo: ({ driver }, most) => compiled(entriesUpTo(driver, most)),
    countOf: (path) => {
      // That a run was created by then says that it stood; all else only its version has.
      const needsVersion = moment.known_at !== undefined || path.tests.some(isOfVersion)
      return compiled(sql`select count(*) from ${needsVersion ? byCreation(path) : drivenRuns(path.driver)}
        where ${allOf(foundBy(path))}`)
    },
    itemOf,
    itemAt: function* ([, id, , known]) {
      const run_id = String(id)
      const revision = known ?? numberIn(yield compiled(sql`select ${standingRevision(moment, sql`${run_id}`)}`))
      const metadata = yield* metadataAt(versionStatements, run_id, Number(revision))
      const [values] =
        yield compiled(sql`select ${storedRunColumns(runText(versionColumns(sql`${metadata}`)), REVISION)}
        from runs cross join entries as version on version.run_id = runs.run_id and version.revision = ${revision}
          left join quarantine on quarantine.run_id = runs.run_id
        where runs.run_id = ${run_id}`)
      if (values === undefined) throw damage(`the run ${run_id} has no row, or no version ${revision}`)
      return storedRun(...(values as unknown as StoredRunValues))
    },
    charactersOf: ({ text: { length } }) => length,
  }
}

const REVISION = sql.raw('version.revision')
const OCCURRED = sql.raw('version.occurred_at')

/** Of a run's events only the one that it stood at is a candidate. */
const NOT_LATEST = sql.raw('or version.occurred_at <> candidate.value ->> 1')

/** With \`kept.run_metadata\`: null where it has to be folded. */
const METADATA_THEN = sql.raw(`left join entries as changed on changed.run_id = version.run_id
    and changed.revision = (select past.revision from entries as past where past.run_id = version.run_id
      and past.revision <= version.revision and past.metadata_kept is not null order by past.revision desc limit 1)
  left join entry_texts as kept on kept.position = changed.position`)

const SEARCHED: SearchColumns = {
  ...SEARCHED_ALWAYS,
  status: sql.raw('version.status'),
  result: sql.raw('version.result'),
  run_metadata: sql.raw('kept.run_metadata'),
  started_at: sql.raw('version.started_at'),
  last_updated_at: OCCURRED,
  revision: REVISION,
}

/**
 * The revision that the run stood at: the last that had occurred, that the ledger knew, or, where both are asked for, the
 * earlier of the two. Both times only grow inside a run, so it is the last that meets all. The `+` keeps the planner from
 * leading by the index of time.
 */
const standingRevision = ({ as_of, known_at }: RunMoment, run_id: Sql): Sql =>
  sql`(select past.revision from entries as past where ${allOf([
    sql`past.run_id = ${run_id} and past.status is not null`,
    ...(as_of === undefined ? [] : [sql`+past.occurred_at <= ${as_of}`]),
    ...(known_at === undefined ? [] : [sql`past.known_from <= ${known_at}`]),
  ])} order by past.revision desc limit 1)`

const versionColumns = (run_metadata: Sql): RunTextColumns => ({
  status: sql.raw('version.status'),
  result: resultJson('version'),
  run_metadata,
  started_at: startedJson('version'),
  last_updated_at: OCCURRED,
})

/** Null for metadata that takes more than `bytes` or has to be folded. */
const metadataUpTo = (bytes: number): Sql =>
  sql`(select case when octet_length(kept.run_metadata) <= ${bytes} then kept.run_metadata end
    from entries as past cross join entry_texts as kept on kept.position = past.position
    where past.run_id = version.run_id and past.revision <= version.revision and past.metadata_kept is not null
    order by past.revision desc limit 1)`

/** The run as it stood; metadata filters are about its metadata as it is now. */
const testingPast = (predicate: Predicate): Sql => {
  if (predicate.kind === 'equality' && isOfVersion(predicate))
    return anyOf(sql.raw(`version.${predicate.column}`), predicate.values)
  if (predicate.kind === 'range' && isOfVersion(predicate)) return within(OCCURRED, predicate)
  return testing(predicate)
}

const foundBy = ({ driver, tests }: RunPath): readonly Sql[] => [
  ...(driver === null ? [] : [driving(driver)]),
  ...tests.map(testingPast),
]
