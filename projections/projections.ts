/** All projections: a new one takes its file, a line here and a query. */
import { auditTrail } from './audit-trail.ts'
import { policyVersionStats } from './policy-version-stats.ts'
import type { Projection } from './projection.ts'
import { QUARANTINE } from './quarantine.ts'
import { runGroup } from './run-group.ts'
import { runs } from './runs.ts'
import type { Table } from './table.ts'

export const PROJECTIONS: readonly Projection[] = [auditTrail, runs, policyVersionStats, runGroup]

/** The projection of the fold, of whose transitions the others are functions: it is the one that sets runs aside. */
export const CURRENT_RUN = runs.name

/** All tables that the log is projected into. */
export const TABLES: readonly Table[] = [QUARANTINE, ...PROJECTIONS.flatMap(({ tables }) => tables)]
