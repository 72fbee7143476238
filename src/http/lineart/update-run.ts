/** What Lineart's workers report of a run: that it started, how it ended, and what a step found. */
import canonicalize from 'canonicalize'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { problem } from '../../api/problems.ts'
import { readRunAt } from '../../ledger/history.ts'
import { optional, type RunCommand } from '../../run/commands.ts'
import { lineartCommandId } from '../../run/ids.ts'
import type { JsonObject } from '../../run/json.ts'
import { AnyObject, type Run } from '../../run/run.ts'
import { isTerminal } from '../../run/terminal-status.ts'
import { Result } from '../../run/texts.ts'
import type { RequestContext } from '../request/command-context.ts'
import type { Refusal } from '../response/problem-response.ts'
import { historyRefusal } from '../response/read-problems.ts'
import { commandRefusal } from '../routes/command-routes.ts'
import type { ServerParts } from '../server-parts.ts'

/** `PUT /internal/runs/{run_id}`. Further fields are ignored, as its server ignores them. */
export const UpdateBody = z.object({
  status: z.enum(['PENDING', 'STARTED', 'SUCCESS', 'FAILURE']),
  result: optional(Result),
  metadata: optional(AnyObject),
})
export type UpdateBody = Readonly<z.output<typeof UpdateBody>>

/** `POST /internal/runs/{run_id}/metadata`. */
export const StepBody = z.object({
  step_name: z.string().min(1, 'must name the step'),
  node_type: z.string(),
  start_time: z.number(),
  end_time: z.number(),
  error: z.union([z.string(), z.array(z.string())]).nullish(),
  extra: AnyObject.nullish(),
})
export type StepBody = Readonly<z.output<typeof StepBody>>

/** The status of events that tell of a step, or of metadata that came with a start. */
const STEP = 'STEP'

/** What a request asks of a run, without who asks. */
type Asked =
  | Readonly<{ part: 'start'; command: 'start' }>
  | Readonly<{ part: 'step'; command: 'change_status'; status: string; run_metadata: JsonObject }>
  | Readonly<{
      part: 'complete'
      command: 'complete'
      status: 'SUCCESS' | 'FAILURE'
      result: string | undefined
      run_metadata: JsonObject | undefined
    }>

/** What is left to do for the run to be as `update` says; null where it contradicts what is stored. */
export const commandsOf = (run: Run, { status, result, metadata }: UpdateBody): readonly Asked[] | null => {
  if (isTerminal(run.status)) {
    // A start that arrives after the result it led to must not bury it.
    if (status === 'STARTED') return []
    return status === run.status && (result ?? null) === run.result ? [] : null
  }
  // A result that overtakes its start is kept: the start is implied.
  const start: readonly Asked[] = run.status === 'PENDING' ? [{ part: 'start', command: 'start' }] : []
  switch (status) {
    case 'PENDING':
      return run.status === 'PENDING' ? [] : null
    case 'STARTED':
      return metadata === undefined || Object.keys(metadata).length === 0 ? start : [...start, stepOf(metadata)]
    default:
      return [...start, { part: 'complete', command: 'complete', status, result, run_metadata: metadata }]
  }
}

const stepOf = (run_metadata: JsonObject): Asked => ({
  part: 'step',
  command: 'change_status',
  status: STEP,
  run_metadata,
})

/** Takes a report of how a run stands; returns the Run after it. Repeats store nothing. */
export const updateRun = (
  parts: ServerParts,
  run_id: string,
  body: UpdateBody,
  context: RequestContext,
): TE.TaskEither<Refusal, Run> => perform(parts, run_id, canonicalText(body), context, (run) => commandsOf(run, body))

/** Stores what a step found under `run_metadata.steps`; a step of a run that has not started starts it. */
export const publishStep = (
  parts: ServerParts,
  run_id: string,
  { step_name, ...step }: StepBody,
  context: RequestContext,
): TE.TaskEither<Refusal, Run> => {
  const metadata = { steps: { [step_name]: step as JsonObject } }
  return perform(parts, run_id, canonicalText(metadata), context, (run) =>
    isTerminal(run.status)
      ? // A repeat is found by its command id; a step that is new is refused.
        [stepOf(metadata)]
      : [...(run.status === 'PENDING' ? [{ part: 'start', command: 'start' } as const] : []), stepOf(metadata)],
  )
}

/** One text for equal JSON (RFC 8785). */
const canonicalText = (value: object): string => canonicalize(value) ?? ''

/** How often the run is read again where another request changed it meanwhile. */
const TRIES = 5

/** Reads the run, and executes what is left to do; again where another request changed the run meanwhile. */
const perform = (
  parts: ServerParts,
  run_id: string,
  body: string,
  context: RequestContext,
  leftToDo: (run: Run) => readonly Asked[] | null,
  tries = TRIES,
): TE.TaskEither<Refusal, Run> =>
  pipe(
    readRunAt(parts.store)(run_id),
    TE.mapLeft(historyRefusal),
    TE.flatMap(({ run }) => {
      const asked = leftToDo(run)
      return asked === null
        ? TE.left<Refusal, Run>({ problem: contradiction(run) })
        : asked.reduce<TE.TaskEither<Refusal, Run>>(
            (before, each) =>
              pipe(
                before,
                TE.flatMap(() => execute(parts, commandOf(run_id, body, context, each))),
              ),
            TE.right(run),
          )
    }),
    TE.orElse((refusal) =>
      tries > 1 && OVERTAKEN.has(refusal.problem.type)
        ? perform(parts, run_id, body, context, leftToDo, tries - 1)
        : TE.left(refusal),
    ),
  )

/** Refusals of what was right when the run was read. */
const OVERTAKEN: ReadonlySet<string> = new Set(['/problems/run-already-started', '/problems/run-not-started'])

const execute = ({ ledger, store }: ServerParts, command: RunCommand): TE.TaskEither<Refusal, Run> =>
  pipe(
    ledger.execute(command),
    TE.map(({ run }) => run),
    TE.orElse((failure) =>
      // The id is made of what the report says: only who reported it first can differ.
      failure._tag === 'IdempotencyKeyReused'
        ? pipe(
            readRunAt(store)(command.run_id),
            TE.bimap(historyRefusal, ({ run }) => run),
          )
        : TE.left(commandRefusal(failure)),
    ),
  )

/** Under an id of its run and its body, so that a repeat is known. */
const commandOf = (run_id: string, body: string, context: RequestContext, { part, ...asked }: Asked): RunCommand => {
  const command_id = lineartCommandId(run_id, part, body)
  return { ...context, ...asked, run_id, command_id, command_id_is_new: false } as RunCommand
}

const contradiction = ({ run_id, status, result }: Run) =>
  problem(
    isTerminal(status) ? 'run-completed' : 'run-already-started',
    `the run is ${status}${result === null ? '' : ` with the result ${JSON.stringify(result)}`}, and stays so`,
    { run_id, current_status: status },
  )
