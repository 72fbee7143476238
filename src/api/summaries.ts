/** Lists of policy versions and of run groups on the wire, with figures of their runs. */
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { AnswerTime, NextCursor } from './answers.ts'

const figures = {
  runs: z.int().meta({ description: 'the number of runs' }),
  by_status: z.record(z.string(), z.int()).meta({ description: 'the number of runs in each status' }),
  error_rate: z.number().nullable().meta({ description: 'FAILURE ÷ completed, null where no run is completed' }),
  created_at: AnswerTime.meta({ description: 'when the first run was created' }),
  last_updated_at: AnswerTime.meta({ description: 'when a run last changed' }),
} as const

const PolicyVersionSummary = z.object({ policy_version_id: Id, ...figures }).meta({ id: 'PolicyVersionSummary' })
const RunGroupSummary = z.object({ run_group_id: Id, ...figures }).meta({ id: 'RunGroupSummary' })

export const PolicyVersionsAnswer = z
  .object({ data: z.array(PolicyVersionSummary), next_cursor: NextCursor })
  .meta({ id: 'PolicyVersions' })
export type PolicyVersionsAnswer = Readonly<z.infer<typeof PolicyVersionsAnswer>>

export const RunGroupsAnswer = z
  .object({ data: z.array(RunGroupSummary), next_cursor: NextCursor })
  .meta({ id: 'RunGroups' })
export type RunGroupsAnswer = Readonly<z.infer<typeof RunGroupsAnswer>>
