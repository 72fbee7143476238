/** Answers about the history of one run: its replay, and the Entry that set each field. */
import { z } from 'zod'
import { NextCursor, RunAnswer } from './answers.ts'
import { EntryAnswer } from './entries.ts'

export const ReplayAnswer = z
  .object({
    data: z.array(
      z.object({ revision: z.int(), entry: EntryAnswer, run: RunAnswer.meta({ description: 'the Run after it' }) }),
    ),
    next_cursor: NextCursor,
  })
  .meta({ id: 'Replay', description: 'The events of a run, each with the Run after it' })
export type ReplayAnswer = Readonly<z.infer<typeof ReplayAnswer>>

export const ProvenanceAnswer = z
  .object({
    data: z.array(
      z.object({
        path: z.string().meta({ description: 'a JSON Pointer into the Run', example: '/run_metadata/desk' }),
        value: z.any().meta({ description: 'its current value' }),
        entry: EntryAnswer.meta({ description: 'the Entry that set it' }),
      }),
    ),
  })
  .meta({
    id: 'Provenance',
    description: 'For each field of a run and each key of `run_metadata`, the Entry that set it',
  })
export type ProvenanceAnswer = Readonly<z.infer<typeof ProvenanceAnswer>>
