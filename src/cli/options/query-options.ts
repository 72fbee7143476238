/** The options that select entries of the audit trail, named after the query parameters of `/audit`. */
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { z } from 'zod'
import { entryFilters } from '../../api/entries.ts'
import { type UsageFailure, usageFailure } from '../../config.ts'
import type { EntryFilters } from '../../read-model/read-model.ts'
import { gather } from './run-options.ts'
import { beginningOf, timeOption } from './time-option.ts'

/** Named as commander names the flags. */
export type FilterOptions = Readonly<{
  actor?: readonly string[]
  type?: readonly string[]
  runId?: readonly string[]
  policyVersionId?: readonly string[]
  runGroupId?: readonly string[]
  commandId?: readonly string[]
  correlationId?: readonly string[]
  status?: readonly string[]
  result?: readonly string[]
  path?: readonly string[]
  reason?: readonly string[]
  since?: string
  occurredAfter?: string
  occurredBefore?: string
  recordedAfter?: string
  recordedBefore?: string
}>

/** Filters of different names must all match; of the values of one, any. */
export const withEntryFilters = (command: Command): Command => {
  for (const [flags, what] of REPEATABLE) command.option(flags, `${what}; may be repeated: any of them`, gather)
  for (const [flags, what] of TIMES) command.option(flags, what)
  return command
}

export const entryFiltersOf = (options: FilterOptions): E.Either<UsageFailure, EntryFilters> =>
  pipe(
    E.Do,
    E.apS('occurred_after', beginningOf('--occurred-after', options.occurredAfter, options.since)),
    E.apS('occurred_before', timeOption('--occurred-before', options.occurredBefore)),
    E.apS('recorded_after', timeOption('--recorded-after', options.recordedAfter)),
    E.apS('recorded_before', timeOption('--recorded-before', options.recordedBefore)),
    E.flatMap((times) =>
      checked({
        actor: options.actor,
        type: options.type,
        run_id: options.runId,
        policy_version_id: options.policyVersionId,
        run_group_id: options.runGroupId,
        command_id: options.commandId,
        correlation_id: options.correlationId,
        status: options.status,
        result: options.result,
        path: options.path,
        reason: options.reason,
        ...times,
      }),
    ),
  )

const EntryFilterOptions = z.strictObject(entryFilters)

const checked = (filters: unknown): E.Either<UsageFailure, EntryFilters> => {
  const parsed = EntryFilterOptions.safeParse(filters)
  if (parsed.success) return E.right(parsed.data)
  const [issue] = parsed.error.issues
  return E.left(usageFailure(`--${String(issue?.path[0]).replaceAll('_', '-')} ${issue?.message}`))
}

/** Whether any filter is given. */
export const isFiltered = (filters: EntryFilters): boolean =>
  Object.values(filters).some((value) => value !== undefined)

const REPEATABLE = [
  ['--actor <actor>', 'on whose behalf'],
  ['--type <type>', 'the type of event, such as RunCompleted'],
  ['--run-id <id>', 'the run'],
  ['--policy-version-id <id>', 'the policy version of the run'],
  ['--run-group-id <id>', 'the group of the run'],
  ['--command-id <id>', 'the command'],
  ['--correlation-id <id>', 'the correlation'],
  ['--status <status>', 'the status that it set'],
  ['--result <result>', 'the result that it set'],
  ['--path <pointer>', 'what it changed, such as /run_metadata/score or /run_metadata/*'],
  ['--reason <text>', 'a part of its reason'],
] as const

const TIMES = [
  ['--since <time>', 'the same as --occurred-after: a time, a date, or how long ago, such as 7d'],
  ['--occurred-after <time>', 'what occurred then or later'],
  ['--occurred-before <time>', 'what occurred earlier'],
  ['--recorded-after <time>', 'what the ledger recorded then or later'],
  ['--recorded-before <time>', 'what the ledger recorded earlier'],
] as const
