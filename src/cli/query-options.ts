/** The options that say which entries of the audit trail are meant, as the query parameters of `/audit` do. */
import type { Command } from 'commander'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { UsageFailure } from '../config.ts'
import type { EntryFilters } from '../read-model/read-model.ts'
import type { Time } from '../run/time.ts'

/** As commander names the flags. */
export type FilterOptions = Readonly<{
  actor?: readonly string[]
  type?: readonly string[]
  runId?: readonly string[]
  policyVersionId?: readonly string[]
  runGroupId?: readonly string[]
  commandId?: readonly string[]
  correlationId?: readonly string[]
  occurredAfter?: string
  occurredBefore?: string
  recordedAfter?: string
  recordedBefore?: string
}>

/** Filters of different names must all hold; of one that is repeated, any. */
export const withEntryFilters = (command: Command): Command => {
  for (const [flags, what] of REPEATABLE) command.option(flags, `${what}; may be repeated: any of them`, gather)
  for (const [flags, what] of TIMES) command.option(flags, what)
  return command
}

/** The value of an option that is a time; `flag` is how the refusal names it. */
export const timeOption = async (
  flag: string,
  text: string | undefined,
): Promise<Either<UsageFailure, Time | undefined>> => {
  if (text === undefined) return right(undefined)
  const { TimeInput } = await import('../run/time.ts')
  const parsed = TimeInput.safeParse(text)
  return parsed.success ? right(parsed.data) : usage(`${flag} ${parsed.error.issues[0]?.message}`)
}

export const entryFiltersOf = async (options: FilterOptions): Promise<Either<UsageFailure, EntryFilters>> => {
  const [{ z }, { entryFilters }] = await Promise.all([import('zod'), import('../api/entries.ts')])
  const parsed = z.strictObject(entryFilters).safeParse({
    actor: options.actor,
    type: options.type,
    run_id: options.runId,
    policy_version_id: options.policyVersionId,
    run_group_id: options.runGroupId,
    command_id: options.commandId,
    correlation_id: options.correlationId,
    occurred_after: options.occurredAfter,
    occurred_before: options.occurredBefore,
    recorded_after: options.recordedAfter,
    recorded_before: options.recordedBefore,
  })
  if (parsed.success) return right(parsed.data)
  const [issue] = parsed.error.issues
  return usage(`--${String(issue?.path[0]).replaceAll('_', '-')} ${issue?.message}`)
}

/** Whether any filter is given. */
export const isFiltered = (filters: EntryFilters): boolean =>
  Object.values(filters).some((value) => value !== undefined)

const usage = (detail: string): Either<UsageFailure, never> => left({ _tag: 'UsageFailure', detail })

const REPEATABLE = [
  ['--actor <actor>', 'on whose behalf'],
  ['--type <type>', 'the type of event, such as RunCompleted'],
  ['--run-id <id>', 'the run'],
  ['--policy-version-id <id>', 'the policy version of the run'],
  ['--run-group-id <id>', 'the group of the run'],
  ['--command-id <id>', 'the command'],
  ['--correlation-id <id>', 'the correlation'],
] as const

const TIMES = [
  ['--occurred-after <time>', 'what occurred then or later'],
  ['--occurred-before <time>', 'what occurred earlier'],
  ['--recorded-after <time>', 'what the ledger learnt then or later'],
  ['--recorded-before <time>', 'what the ledger learnt earlier'],
] as const

const gather = (value: string, values: readonly string[] | undefined): readonly string[] => [...(values ?? []), value]
