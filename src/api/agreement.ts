/** The agreement of two policy versions on the wire. */
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { AnswerTime, NextCursor } from './answers.ts'
import { Cursor, Limit, PAGE_SIZE, QueryTime } from './query-parts.ts'

/** `GET /policy-versions/{policy_version_id}/agreement`. */
export const AgreementQuery = z
  .strictObject({
    with: Id.meta({ description: 'the other policy version' }),
    from: QueryTime.optional().meta({ description: 'groups whose run of this version was created then or later' }),
    to: QueryTime.optional().meta({ description: 'groups whose run of this version was created earlier' }),
    limit: Limit.default(PAGE_SIZE).meta({ default: PAGE_SIZE }),
    cursor: Cursor.optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    message: 'must be after from',
  })
export type AgreementQuery = Readonly<z.output<typeof AgreementQuery>>

const CompletedRun = z.object({
  run_id: Id,
  result: z.string().nullable(),
  duration_ms: z.number().meta({ description: 'from its creation to its completion' }),
  created_at: AnswerTime,
})

const ms = z.number().nullable()

export const AgreementAnswer = z
  .object({
    policy_version_id: Id,
    with: Id,
    groups: z
      .int()
      .meta({ description: 'groups that have a completed run of each version: compared and ambiguous ones' }),
    compared: z.int().meta({ description: 'groups that have one completed run of each version' }),
    ambiguous: z.int().meta({ description: 'groups that have several completed runs of one version; not compared' }),
    agree: z.int().meta({ description: 'compared groups whose two results are the same' }),
    differ: z.int(),
    share: z.number().nullable().meta({ description: 'agree ÷ compared, null where none is compared' }),
    results: z
      .array(z.object({ result: z.string().nullable(), with_result: z.string().nullable(), count: z.int() }))
      .meta({ description: 'how many compared groups have which two results, the most frequent first' }),
    duration_difference_ms: z
      .object({ mean: ms, min: ms, max: ms, p50: ms, p95: ms, p99: ms })
      .meta({ description: 'duration of the run of `with` minus that of the other, over the compared groups' }),
    data: z
      .array(z.object({ run_group_id: Id, run: CompletedRun, with: CompletedRun }))
      .meta({ description: 'a page of the groups that differ, in the order of their ids' }),
    next_cursor: NextCursor,
  })
  .meta({ id: 'Agreement', description: 'Where two policy versions agree about the groups that both have decided' })
export type AgreementAnswer = Readonly<z.infer<typeof AgreementAnswer>>
