/** The comparison of two runs on the wire. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { z } from 'zod'
import { Id, MAX_EVENTS } from '../run/run.ts'
import { parseTime, type Time } from '../run/time.ts'
import { AnswerTime, RunAnswer } from './answers.ts'
import { wholeNumberIn } from './query-parts.ts'

/** A run at a moment: `ID`, `ID@revision` or `ID@time`. */
export type RunAtMoment = Readonly<{ run_id: string; moment: Readonly<{ revision?: number; as_of?: Time }> }>

const RunAtText = z
  .string()
  .transform((text, context): RunAtMoment => {
    const at = text.indexOf('@')
    const [run_id, moment] = at === -1 ? [text, null] : [text.slice(0, at), momentOf(text.slice(at + 1))]
    if (Id.safeParse(run_id).success && (at === -1 || moment !== null)) return { run_id, moment: moment ?? {} }
    context.addIssue({ code: 'custom', message: 'must be ID, ID@revision or ID@time, like loan-1@3' })
    return z.NEVER
  })
  .meta({ type: 'string', example: 'loan-173688@2' })

const momentOf = (text: string): RunAtMoment['moment'] | null => {
  const revision = wholeNumberIn(text, 0, MAX_EVENTS - 1)
  if (revision !== null) return { revision }
  // An unescaped + means a space in a query.
  return pipe(
    parseTime(text.replace(' ', '+')),
    O.match(
      () => null,
      (as_of) => ({ as_of }),
    ),
  )
}

/** `GET /compare`, and `run-ledger diff`. */
export const CompareQuery = z.strictObject({
  a: RunAtText.meta({ description: 'a run: `ID`, `ID@revision`, or `ID@time` for the run as of that time' }),
  b: RunAtText.meta({ description: 'the run to compare it with, in the same form' }),
})
export type CompareQuery = Readonly<z.input<typeof CompareQuery>>

const ComparedRun = z.object({ revision: z.int(), run: RunAnswer })

const Step = z
  .object({
    revision: z.int(),
    type: z.string(),
    status: z.string().meta({ description: 'the status after the event' }),
    actor: z.string(),
    occurred_at: AnswerTime,
    elapsed_ms: z.number().nullable().meta({ description: 'since the previous event; null for the first' }),
  })
  .nullable()

const PatchOperation = z.object({
  op: z.enum(['add', 'remove', 'replace', 'move', 'copy', 'test']),
  path: z.string(),
  from: z.string().optional(),
  value: z.any().optional(),
})

export const CompareAnswer = z
  .object({
    a: ComparedRun,
    b: ComparedRun,
    patch: z.array(PatchOperation).meta({ description: 'RFC 6902: turns the Run of `a` into the Run of `b`' }),
    path: z.array(z.object({ a: Step, b: Step })).meta({
      description:
        'the events of both; events of the same type and status are paired; null where one run has no such event',
    }),
  })
  .meta({ id: 'Comparison', description: 'Two runs, or one run at two moments, side by side' })
export type CompareAnswer = Readonly<z.infer<typeof CompareAnswer>>
