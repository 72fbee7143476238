/** Groups of runs on the wire. */
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { AnswerTime, RunListAnswer } from './answers.ts'

export const RunGroupAnswer = RunListAnswer.omit({ count: true })
  .extend({
    run_group_id: Id,
    runs: z.int().meta({ description: 'how many runs the group has' }),
    by_status: z.record(z.string(), z.int()).meta({ description: 'how many of them have which status' }),
    created_at: AnswerTime.meta({ description: 'of its earliest run' }),
    last_updated_at: AnswerTime.meta({ description: 'of the run that changed last' }),
  })
  .meta({ id: 'RunGroup', description: 'A group of runs, and a page of its runs, newest first' })
export type RunGroupAnswer = Readonly<z.infer<typeof RunGroupAnswer>>
