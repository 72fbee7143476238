/** Which versions a policy has: those that the file of `--policies` names, else those whose ids begin with the policy's. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Refusal } from '../response/problem-response.ts'
import { readRefusal } from '../response/read-problems.ts'
import type { ServerParts } from '../server-parts.ts'
import { policyOfVersion } from './policies.ts'

export const versionsOf = (parts: ServerParts, policy_id: string): TE.TaskEither<Refusal, readonly string[]> => {
  const named = parts.lineartPolicies.get(policy_id)
  return named === undefined ? versionsAfter(parts, policy_id, `${policy_id}-`) : TE.right(named.versions)
}

/** Ids come in order: all that begin with the policy's stand together. */
const versionsAfter = (
  parts: ServerParts,
  policy_id: string,
  after: string,
): TE.TaskEither<Refusal, readonly string[]> =>
  pipe(
    parts.readModel.listPolicyVersions({ after, limit: PAGE }),
    TE.mapLeft(readRefusal),
    TE.flatMap(({ counts, next }) => {
      const beginning = counts.map(({ id }) => id).filter((id) => id.startsWith(`${policy_id}-`))
      const versions = beginning.filter((id) => policyOfVersion(id) === policy_id)
      return next === null || beginning.length < counts.length
        ? TE.right(versions)
        : pipe(
            versionsAfter(parts, policy_id, next),
            TE.map((rest) => [...versions, ...rest]),
          )
    }),
  )

const PAGE = 500
