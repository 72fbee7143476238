/** The options that select runs, named after the query parameters of `GET /runs`. */
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { RUN_SORTS, type RunListQuery } from '../../api/run-query.ts'
import type { QueryOf } from '../../client/query.ts'
import { type UsageFailure, usageFailure } from '../../config.ts'
import { beginningOf, timeOption } from './time-option.ts'

/** Named as commander names the flags. */
export type RunOptions = Readonly<{
  status?: readonly string[]
  result?: readonly string[]
  runGroupId?: readonly string[]
  policyVersionId?: readonly string[]
  since?: string
  createdAfter?: string
  createdBefore?: string
  updatedAfter?: string
  updatedBefore?: string
  metadata?: readonly string[]
  q?: string
  sort?: (typeof RUN_SORTS)[number]
  asOf?: string
  knownAt?: string
}>

export const withRunOptions = (command: Command): Command => {
  for (const [flags, what] of REPEATABLE) command.option(flags, `${what}; may be repeated: any of them`, gather)
  for (const [flags, what] of TIMES) command.option(flags, what)
  return command
    .option('-q <search>', 'a search of the run and its JSON, such as: result = "DECLINED" and metadata.score >= 640')
    .option('--metadata <key=value>', 'a key at the top of run_metadata; may be repeated: all of them', gather)
    .addOption(new Option('--sort <order>', 'with - in descending order (default: -created_at)').choices(RUN_SORTS))
}

/** The query of `options`. UsageFailure for a time or a pair that is none; other faults are found by the route. */
export const runQueryOf = (options: RunOptions): E.Either<UsageFailure, QueryOf<RunListQuery>> =>
  pipe(
    E.Do,
    E.apS('created_after', beginningOf('--created-after', options.createdAfter, options.since)),
    E.apS('created_before', timeOption('--created-before', options.createdBefore)),
    E.apS('updated_after', timeOption('--updated-after', options.updatedAfter)),
    E.apS('updated_before', timeOption('--updated-before', options.updatedBefore)),
    E.apS('as_of', timeOption('--as-of', options.asOf)),
    E.apS('known_at', timeOption('--known-at', options.knownAt)),
    E.apS('metadata', metadataOf(options.metadata)),
    E.map((checked) => ({
      status: options.status,
      result: options.result,
      run_group_id: options.runGroupId,
      policy_version_id: options.policyVersionId,
      q: options.q,
      sort: options.sort,
      ...checked,
    })),
  )

const metadataOf = (
  pairs: readonly string[] | undefined,
): E.Either<UsageFailure, Readonly<Record<string, string>> | undefined> => {
  if (pairs === undefined) return E.right(undefined)
  const wrong = pairs.find((pair) => !pair.includes('='))
  return wrong === undefined
    ? E.right(
        Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
      )
    : E.left(usageFailure(`--metadata ${wrong} must be key=value, such as desk=north`))
}

const REPEATABLE = [
  ['--status <status>', 'the status, such as IN_REVIEW'],
  ['--result <result>', 'the result, such as DECLINED'],
  ['--run-group-id <id>', 'the group'],
  ['--policy-version-id <id>', 'the policy version'],
] as const

const TIMES = [
  ['--since <time>', 'the same as --created-after: a time, a date, or how long ago, such as 7d'],
  ['--created-after <time>', 'created then or later'],
  ['--created-before <time>', 'created earlier'],
  ['--updated-after <time>', 'last changed then or later'],
  ['--updated-before <time>', 'last changed earlier'],
  ['--as-of <time>', 'every run as of that time'],
  ['--known-at <time>', 'every run as the ledger knew it then'],
] as const

/** Collects the values of an option that may be repeated. */
export const gather = (value: string, values: readonly string[] | undefined): readonly string[] => [
  ...(values ?? []),
  value,
]
