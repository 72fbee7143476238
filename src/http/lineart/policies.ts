/** Policies as Lineart's clients know them: which versions each has, and which of them decide a new application. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { z } from 'zod'
import { parseJson } from '../../run/parse-json.ts'
import { Id } from '../../run/run.ts'

/** The frequencies of a choice are in thousandths. */
const THOUSAND = 1_000

const Policy = z
  .strictObject({
    versions: z.array(Id).min(1, 'must name a version'),
    choice: z.array(z.strictObject({ policy_version_id: Id, frequency: z.int().min(0).max(THOUSAND) })).default([]),
    shadow: z.array(Id).default([]),
  })
  .refine(({ choice }) => choice.length === 0 || sumOf(choice) === THOUSAND, {
    path: ['choice'],
    message: `frequencies must add up to ${THOUSAND}`,
  })
  .refine(
    ({ versions, choice, shadow }) =>
      [...choice.map(({ policy_version_id }) => policy_version_id), ...shadow].every((id) => versions.includes(id)),
    { path: ['versions'], message: 'must name every version of choice and shadow' },
  )

const sumOf = (choice: readonly Readonly<{ frequency: number }>[]): number =>
  choice.reduce((sum, { frequency }) => sum + frequency, 0)

const Policies = z.record(Id, Policy)

/** `choice`: which version decides, in thousandths; `shadow`: the versions that decide every application as well. */
export type LineartPolicy = Readonly<z.output<typeof Policy>>

/** By policy id. */
export type LineartPolicies = ReadonlyMap<string, LineartPolicy>

export const NO_POLICIES: LineartPolicies = new Map()

/** The policies in the text of a file; the failure names the place in it that is wrong. */
export const policiesIn = (text: Uint8Array): E.Either<string, LineartPolicies> =>
  pipe(
    parseJson(text),
    E.mapLeft((failure) => ('detail' in failure ? failure.detail : 'is not JSON')),
    E.flatMap((json) => {
      const parsed = Policies.safeParse(json)
      if (parsed.success) return E.right(new Map(Object.entries(parsed.data)))
      const [issue] = parsed.error.issues
      return E.left(`/${issue?.path.map(String).join('/')} ${issue?.message}`)
    }),
  )

/** The version that decides: `share` is from 0 to 999. */
export const chosen = ({ choice }: LineartPolicy, share: number): string | null => {
  let reached = 0
  for (const { policy_version_id, frequency } of choice) {
    reached += frequency
    if (share < reached) return policy_version_id
  }
  return null
}

/** The policy of a version that no file names: what stands before the last `-` of its id. Null for a UUID, or where there is none. */
export const policyOfVersion = (policy_version_id: string): string | null => {
  const at = policy_version_id.lastIndexOf('-')
  return at <= 0 || UUID.test(policy_version_id) ? null : policy_version_id.slice(0, at)
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
