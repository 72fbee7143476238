/** Groups of runs on the wire. */
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { AnswerTime, RunListAnswer } from './answers.ts'

export const RunGroupAnswer = RunListAnswer.omit({ count: true })
  .extend({
    run_group_id: Id,
    runs: z.int().meta({ description: 'the number of runs in the group' }),
    by_status: z.record(z.string(), z.int()).meta({ description: 'the number of runs in each status' }),
    created_at: AnswerTime.meta({ description: 'when its first run was created' }),
    last_updated_at: AnswerTime.meta({ description: 'when one of its runs last changed' }),
  })
  .meta({ id: 'RunGroup', description: 'A group of runs, and a page of its runs, newest first' })
export type RunGroupAnswer = Readonly<z.infer<typeof RunGroupAnswer>>
