/** New runs as Lineart's clients ask for them: of one policy version, or of a policy, which picks the versions. */
import { createHash } from 'node:crypto'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { problem } from '../../api/problems.ts'
import { newId } from '../../lib/new-id.ts'
import { optional } from '../../run/commands.ts'
import { lineartGroupId, runIdOf } from '../../run/ids.ts'
import type { JsonObject } from '../../run/json.ts'
import { AnyObject } from '../../run/run.ts'
import type { RequestContext } from '../request/command-context.ts'
import type { Refusal } from '../response/problem-response.ts'
import { commandRefusal } from '../routes/command-routes.ts'
import type { ServerParts } from '../server-parts.ts'
import { chosen, type LineartPolicy } from './policies.ts'

/** Further fields are ignored, as its server ignores them. */
export const NewRunBody = z.object({ input_data: AnyObject, config_variables: optional(AnyObject) })
export type NewRunBody = Readonly<z.output<typeof NewRunBody>>

/** A repeat under the key of `context` finds the run that the first request made. Returns the run's id. */
export const createRun = (
  parts: ServerParts,
  policy_version_id: string,
  body: NewRunBody,
  context: RequestContext,
): TE.TaskEither<Refusal, string> =>
  create(parts, context, body, {
    policy_version_id,
    run_id: context.command_id_is_new ? newId() : runIdOf(context.recorded_by.principal, context.command_id),
  })

export type RunGroup = Readonly<{ run_group_id: string; main: string; shadow: readonly string[] }>

/**
 * The version that the policy picks decides, and its shadows beside it. Under a key every id derives from the key, so that a
 * repeat creates what a first request left out, and nothing twice.
 */
export const createRunGroup = (
  parts: ServerParts,
  policy: LineartPolicy,
  body: NewRunBody,
  context: RequestContext,
): TE.TaskEither<Refusal, RunGroup> => {
  const idOf = (part: string) =>
    context.command_id_is_new ? newId() : lineartGroupId(context.recorded_by.principal, context.command_id, part)
  const run_group_id = idOf('group')
  const decides = chosen(policy, shareOf(run_group_id))
  if (decides === null) return TE.left({ problem: NO_CHOICE })
  const createIn = (part: string, policy_version_id: string) =>
    create(parts, { ...context, command_id: idOf(`${part} command`) }, body, {
      run_id: idOf(part),
      run_group_id,
      policy_version_id,
    })
  return pipe(
    TE.Do,
    TE.bind('main', () => createIn('main', decides)),
    TE.bind('shadow', () =>
      pipe(
        policy.shadow,
        TE.traverseSeqArray((version) => createIn(`shadow ${version}`, version)),
      ),
    ),
    TE.map((runs) => ({ run_group_id, ...runs })),
  )
}

/** From 0 to 999, evenly, and the same for the same group. */
const shareOf = (run_group_id: string): number =>
  createHash('sha256').update(run_group_id).digest().readUInt32BE() % 1_000

const NO_CHOICE = problem('invalid', 'the policy has no choice of versions: name one in the file of --policies')

type NewRun = Readonly<{ run_id: string; run_group_id?: string; policy_version_id: string }>

const create = (
  { ledger }: ServerParts,
  context: RequestContext,
  { input_data, config_variables }: NewRunBody,
  run: NewRun,
): TE.TaskEither<Refusal, string> =>
  pipe(
    ledger.execute({
      ...context,
      ...run,
      command: 'create',
      input_data,
      ...(config_variables === undefined ? undefined : { run_metadata: withVariables(config_variables) }),
    }),
    TE.bimap(commandRefusal, ({ run: { run_id } }) => run_id),
  )

const withVariables = (config_variables: JsonObject): JsonObject => ({ $config_variables: config_variables })
