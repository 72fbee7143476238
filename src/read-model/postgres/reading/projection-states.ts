/** How far the projections have got, and the runs that they cannot read on. */
import { sql } from 'kysely'
import { CURRENT_RUN, PROJECTIONS } from '../../../../projections/projections.ts'
import type { Position } from '../../../event-store/event-store.ts'
import { timeOf } from '../../../run/time.ts'
import type { Query } from '../../queries/keyset-pagination.ts'
import type { ProjectionState } from '../../read-model.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'
import { quarantinedRun } from './single-run.ts'
import { fixed, PARAMETER, type Statement } from './statements.ts'

const POSITIONS = fixed<[generation: number]>(sql`
  select min(parts.position), (extract(epoch from min(parts.heartbeat)) * 1000)::int8,
    (select next is not null from ${sql.id(REGISTRY, 'projection_sets')} where set = ${sql.lit(TABLE_SET)})
  from ${sql.id(REGISTRY, 'projection_parts')} as parts
  where parts.set = ${sql.lit(TABLE_SET)} and parts.generation = ${PARAMETER}`)

/** All are written together, so they have got equally far: as far as the slowest of their parts, whose heartbeat is the oldest. */
export function* projectionStates(
  generation: number,
  quarantinedRuns: () => Statement,
): Query<Statement, Readonly<{ projections: readonly ProjectionState[] }>> {
  const [found = []] = yield POSITIONS(generation)
  const [position, heartbeat, rebuilding] = found as [Position, number | null, boolean]
  const quarantined = (yield quarantinedRuns()).map(quarantinedRun)
  return {
    projections: PROJECTIONS.map(({ name, version }) => ({
      name,
      version,
      position,
      last_heartbeat: heartbeat === null ? null : timeOf(heartbeat),
      rebuilding,
      // The fold is what cannot read a run; the others wait for it.
      quarantined: name === CURRENT_RUN ? quarantined : [],
    })).toSorted(byName),
  }
}

/** The fold first. */
const byName = (a: ProjectionState, b: ProjectionState): number =>
  Number(b.name === CURRENT_RUN) - Number(a.name === CURRENT_RUN) || (a.name < b.name ? -1 : 1)
