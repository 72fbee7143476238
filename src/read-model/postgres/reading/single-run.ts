/** The SQL of one run, by its id alone, and of runs that cannot be read on. */
import { sql } from 'kysely'
import type { Row } from '../../queries/keyset-pagination.ts'
import type { QuarantinedRun, RunRead } from '../../read-model.ts'
import { partOf } from '../parts.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'
import { CURRENT, type StoredRunValues, storedRunColumns, storedRunOf } from './run-text.ts'
import { type Moment, momentIn } from './snapshot.ts'
import { fixed, PARAMETER, type Statement, type Tables } from './statements.ts'

/**
 * The run, why it stopped, and where its part is: all in one statement, since it is asked for most and one statement sees one
 * moment. Always a row.
 */
export const runWithQuarantine = ({ runs, quarantine }: Tables): ((run_id: string) => Statement) => {
  const statement = fixed<[run_id: string, part: number]>(sql`
    select sets.live, parts.position, quarantine.run_id, quarantine.revision, quarantine.type, quarantine.detail,
      quarantine.since, ${storedRunColumns(sql.raw('runs.input_data'), CURRENT)}
    from (select ${PARAMETER}::text as run_id, ${PARAMETER}::int2 as part) as asked
      left join ${sql.id(REGISTRY, 'projection_sets')} as sets on sets.set = ${sql.lit(TABLE_SET)}
      left join ${sql.id(REGISTRY, 'projection_parts')} as parts
        on parts.set = sets.set and parts.generation = sets.live and parts.part = asked.part
      left join ${runs} as runs on runs.run_id = asked.run_id
      left join ${quarantine} as quarantine on quarantine.run_id = asked.run_id`)
  return (run_id) => statement(run_id, partOf(run_id))
}

/** What a row of `runWithQuarantine` says, and of which moment. */
export const runReadOf = ([live, position, ...found]: Row): Readonly<{
  moment: Moment
  read: Omit<RunRead, 'position'>
}> => {
  const run = found.slice(5) as unknown as StoredRunValues | [null]
  return {
    moment: momentIn([live, position]),
    read: {
      run: run[0] === null ? null : storedRunOf(run as StoredRunValues),
      quarantine: found[0] === null ? null : quarantinedRun(found),
    },
  }
}

/** One run among the quarantined; no row where it is not. */
export const quarantineOf = ({ quarantine }: Tables): ((run_id: string) => Statement) =>
  fixed<[run_id: string]>(
    sql`select run_id, revision, type, detail, since from ${quarantine} where run_id = ${PARAMETER}`,
  )

/** All of them, by id. */
export const quarantinedRuns = ({ quarantine }: Tables): (() => Statement) =>
  fixed<[]>(sql`select run_id, revision, type, detail, since from ${quarantine} order by run_id`)

export const quarantinedRun = (row: Row): QuarantinedRun => {
  const [run_id, revision, type, detail, since] = row as [string, number, string, string, string]
  return { run_id, revision, type, detail, since }
}
