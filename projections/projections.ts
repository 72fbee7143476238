/** All projections: a new one takes its file, a line here and a query. */
import { agreement } from './agreement.ts'
import { auditTrail } from './audit-trail.ts'
import { policyVersionStats } from './policy-version-stats.ts'
import type { Projection } from './projection.ts'
import { QUARANTINE } from './quarantine.ts'
import { runGroup } from './run-group.ts'
import { runs } from './runs.ts'
import type { Table } from './table.ts'

const ALL = [agreement, auditTrail, runs, policyVersionStats, runGroup] as const

export const PROJECTIONS: readonly Projection[] = ALL

/** The projection of the fold, of whose transitions the others are functions: it is the one that sets runs aside. */
export const CURRENT_RUN = runs.name

/** Any table that the log is projected into, with its columns. */
export type ProjectedTable = (typeof ALL)[number]['tables'][number] | typeof QUARANTINE

/** All of them. */
export const TABLES: readonly Table[] = [QUARANTINE, ...PROJECTIONS.flatMap(({ tables }) => tables)]
