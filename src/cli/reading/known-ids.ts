/** Ids that nothing has are refused with what exists nearby. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Client, ClientProblem, Result } from '../../client/client.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import { suggestion } from '../output/nearby.ts'
import { shown } from '../output/output.ts'
import type { Asking } from './with-client.ts'

/** Asks about the run `run_id`; one that does not exist is refused with the ids of runs like it. */
export const askRun = <Answer>(
  { client, ofProblem }: Asking,
  run_id: string,
  question: (client: Client) => Promise<Result<Answer>>,
): TE.TaskEither<CliFailure, Answer> =>
  pipe(
    () => question(client),
    TE.orElse((problem: ClientProblem) =>
      problem._tag === 'run-not-found' ? noSuchRun(client, problem.run_id ?? run_id) : TE.left(ofProblem(problem)),
    ),
  )

/** Refuses a run that does not exist. */
export const noSuchRun = (client: Client, run_id: string): TE.TaskEither<CliFailure, never> =>
  refused('run', run_id, async () => idsIn(await client.listRuns({ limit: LOOKED_AT }), ({ run_id }) => run_id))

/** Refuses a group that does not exist. */
export const noSuchGroup = (client: Client, run_group_id: string): TE.TaskEither<CliFailure, never> =>
  refused('group', run_group_id, () => groups(client))

/** Refuses a policy version that does not exist. */
export const noSuchVersion = (client: Client, policy_version_id: string): TE.TaskEither<CliFailure, never> =>
  refused('policy version', policy_version_id, () => versions(client))

/** Of filters that nothing matched: refuses the first group or policy version among them that does not exist. */
export const checkIds = (
  client: Client,
  {
    runGroupId = [],
    policyVersionId = [],
  }: Readonly<{ runGroupId?: readonly string[]; policyVersionId?: readonly string[] }>,
): TE.TaskEither<CliFailure, void> =>
  pipe(
    TE.Do,
    TE.flatMap(() =>
      allKnown(
        policyVersionId,
        () => versions(client),
        (id) => noSuchVersion(client, id),
      ),
    ),
    TE.flatMap(() =>
      allKnown(
        runGroupId,
        () => groups(client),
        (id) => noSuchGroup(client, id),
      ),
    ),
  )

const allKnown = (
  ids: readonly string[],
  existing: () => Promise<readonly string[]>,
  refuse: (id: string) => TE.TaskEither<CliFailure, never>,
): TE.TaskEither<CliFailure, void> =>
  ids.length === 0
    ? TE.right(undefined)
    : pipe(
        TE.fromTask(existing),
        TE.flatMap((known) => {
          // Of more than these, nobody can say here that one does not exist.
          const unknown = known.length < LOOKED_AT ? ids.find((id) => !known.includes(id)) : undefined
          return unknown === undefined ? TE.right(undefined) : refuse(unknown)
        }),
      )

/** How many ids are looked at to find one nearby. */
const LOOKED_AT = 1_000

const versions = async (client: Client) =>
  idsIn(await client.listPolicyVersions({ limit: LOOKED_AT }), ({ policy_version_id }) => policy_version_id)

const groups = async (client: Client) =>
  idsIn(await client.listRunGroups({ limit: LOOKED_AT }), ({ run_group_id }) => run_group_id)

const idsIn = <Item>(
  answer: Result<Readonly<{ data: readonly Item[] }>>,
  idOf: (item: Item) => string,
): readonly string[] => (answer._tag === 'Left' ? [] : answer.right.data.map(idOf))

const refused = (
  what: string,
  id: string,
  existing: () => Promise<readonly string[]>,
): TE.TaskEither<CliFailure, never> =>
  pipe(
    TE.fromTask<readonly string[], CliFailure>(existing),
    TE.flatMap((ids) => TE.left(cliFailure(EXIT.refused, shown(`no ${what} has the id ${id}${suggestion(id, ids)}`)))),
  )
