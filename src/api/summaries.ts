/** Lists of policy versions and of run groups on the wire, each with what its runs came to. */
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { AnswerTime, NextCursor } from './answers.ts'

const figures = {
  runs: z.int().meta({ description: 'how many runs it has' }),
  by_status: z.record(z.string(), z.int()).meta({ description: 'how many of them have which status' }),
  error_rate: z.number().nullable().meta({ description: 'FAILURE ÷ completed, null where none is completed' }),
  created_at: AnswerTime.meta({ description: 'of its earliest run' }),
  last_updated_at: AnswerTime.meta({ description: 'of the run that changed last' }),
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
