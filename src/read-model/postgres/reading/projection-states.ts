/** How far the projections have got, and the runs that they cannot read on. */
import { sql } from 'kysely'
import { CURRENT_RUN, PROJECTIONS } from '../../../../projections/projections.ts'
import type { Position } from '../../../event-store/event-store.ts'
import { timeOf } from '../../../run/time.ts'
import type { Query } from '../../queries/keyset-pagination.ts'
import type { PartState, ProjectionState } from '../../read-model.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'
import { quarantinedRun } from './single-run.ts'
import { fixed, PARAMETER, type Statement } from './statements.ts'

const POSITIONS = fixed<[generation: number]>(sql`
  select min(parts.position), (extract(epoch from min(parts.heartbeat)) * 1000)::int8,
    (select next is not null from ${sql.id(REGISTRY, 'projection_sets')} where set = ${sql.lit(TABLE_SET)})
  from ${sql.id(REGISTRY, 'projection_parts')} as parts
  where parts.set = ${sql.lit(TABLE_SET)} and parts.generation = ${PARAMETER}`)

const PART_STATES = fixed<[generation: number]>(sql`
  select part, case when lease.expires_at > now() then lease.owner::text end, parts.position
  from ${sql.id(REGISTRY, 'projection_parts')} as parts
  left join ${sql.id(REGISTRY, 'projection_leases')} as lease using (set, generation, part)
  where parts.set = ${sql.lit(TABLE_SET)} and parts.generation = ${PARAMETER} order by parts.position, part`)

/** All are written together, so they have got equally far: as far as the slowest of their parts, whose heartbeat is the oldest. */
export function* projectionStates(
  generation: number,
  quarantinedRuns: () => Statement,
): Query<Statement, Readonly<{ projections: readonly ProjectionState[] }>> {
  const [found = []] = yield POSITIONS(generation)
  const [position, heartbeat, rebuilding] = found as [Position, number | null, boolean]
  const quarantined = (yield quarantinedRuns()).map(quarantinedRun)
  const parts = (yield PART_STATES(generation)).map(partState)
  return {
    projections: PROJECTIONS.map(({ name, version }) => ({
      name,
      version,
      position,
      last_heartbeat: heartbeat === null ? null : timeOf(heartbeat),
      rebuilding,
      // The fold is what cannot read a run; the others wait for it.
      quarantined: name === CURRENT_RUN ? quarantined : [],
      ...(name === CURRENT_RUN ? { parts } : undefined),
    })).toSorted(byName),
  }
}

const partState = (row: readonly unknown[]): PartState => {
  const [part, owner, position] = row as [number, string | null, Position]
  return { part, owner, position }
}

/** The fold first. */
const byName = (a: ProjectionState, b: ProjectionState): number =>
  Number(b.name === CURRENT_RUN) - Number(a.name === CURRENT_RUN) || (a.name < b.name ? -1 : 1)
