/** A row of Lineart's run table as the commands that lead to such a run. */
import canonicalize from 'canonicalize'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { z } from 'zod'
import { fieldIssuesOf } from '../../api/field-issues.ts'
import { type Fault, type Problem, problemOf } from '../../api/problems.ts'
import { type Complete, type Create, optional, type RunCommand, type Start } from '../../run/commands.ts'
import { lineartCommandId } from '../../run/ids.ts'
import { isJsonObject, type Json, type JsonObject, jsonBytes } from '../../run/json.ts'
import { parseJson } from '../../run/parse-json.ts'
import { AnyObject, Id, MAX_METADATA_BYTES } from '../../run/run.ts'
import { Result } from '../../run/texts.ts'
import { type Time, TimeInput } from '../../run/time.ts'

/** `start` and `complete` are null where the run did not get that far. */
export type RowCommands = Readonly<{ create: Create; start: Start | null; complete: Complete | null }>

/** A time of the table: without a zone it is in UTC; a database may write a space, and a zone of hours alone. */
const RowTime = z
  .string()
  .transform((text) => {
    const time = text.replace(' ', 'T')
    if (/[+-]\d\d$/.test(time) && time.includes(':')) return `${time}:00`
    return /(?:[zZ]|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`
  })
  .pipe(TimeInput)

/** Columns that are not those of a run are ignored. */
const Row = z
  .object({
    run_id: Id,
    run_group_id: optional(Id),
    policy_version_id: Id,
    status: z.enum(['PENDING', 'STARTED', 'SUCCESS', 'FAILURE']),
    result: optional(Result),
    input_data: optional(AnyObject),
    run_metadata: optional(AnyObject),
    created_at: RowTime,
    started_at: optional(RowTime),
    last_updated_at: RowTime,
  })
  .superRefine(({ created_at, started_at, last_updated_at }, context) => {
    const refuse = (path: string, than: string) =>
      context.addIssue({ code: 'custom', path: [path], message: `must not be before ${than}` })
    if (started_at !== undefined && started_at < created_at) refuse('started_at', 'created_at')
    if (last_updated_at < (started_at ?? created_at))
      refuse('last_updated_at', started_at === undefined ? 'created_at' : 'started_at')
  })
type Row = Readonly<z.output<typeof Row>>

/** The commands of a line, received at `received_at`; or why the line is refused. */
export const rowCommands = (bytes: Uint8Array, received_at: Time): E.Either<Problem, RowCommands> =>
  pipe(
    parseJson(bytes),
    E.mapLeft(problemOf),
    E.flatMap((json) => {
      const parsed = Row.safeParse(json)
      return parsed.success ? E.right(parsed.data) : E.left(invalid(fieldIssuesOf(parsed.error)))
    }),
    // What would be found once a part of the run is stored is looked for before.
    E.filterOrElse(
      ({ run_metadata = {} }) => jsonBytes(run_metadata) <= MAX_METADATA_BYTES,
      ({ run_metadata = {} }) => problemOf({ _tag: 'MetadataTooLarge', bytes: jsonBytes(run_metadata) }),
    ),
    E.filterOrElse(
      ({ last_updated_at }) => last_updated_at <= received_at,
      ({ last_updated_at }) => problemOf({ _tag: 'OccurredAtInFuture', occurred_at: last_updated_at, received_at }),
    ),
    E.map((row) => commandsOf(row, received_at)),
  )

const invalid = (errors: readonly Fault[]): Problem => problemOf({ _tag: 'Invalid', errors })

const commandsOf = (row: Row, received_at: Time): RowCommands => {
  const { run_id, status, result, created_at, started_at, last_updated_at, run_metadata } = row
  const isCompleted = status === 'SUCCESS' || status === 'FAILURE'
  // A merge patch cannot say null, and only the end of a run takes metadata: else they are there from the beginning.
  const isPatch = isCompleted && !(run_metadata !== undefined && hasNull(run_metadata))
  const create: Create = {
    ...contextOf(run_id, received_at),
    command: 'create',
    ...definedOf({ run_group_id: row.run_group_id, input_data: row.input_data }),
    ...definedOf({ run_metadata: isPatch ? undefined : run_metadata }),
    policy_version_id: row.policy_version_id,
    occurred_at: created_at,
  }
  const isStarted = status === 'STARTED' || status === 'SUCCESS' || started_at !== undefined
  return {
    create: withId(create),
    start: isStarted ? withId(startOf(row, received_at)) : null,
    complete: isCompleted
      ? withId({
          ...contextOf(run_id, received_at),
          command: 'complete',
          status,
          ...definedOf({ result, run_metadata: isPatch ? run_metadata : undefined }),
          occurred_at: last_updated_at,
        })
      : null,
  }
}

/** Without a time of its own a start is lifted to the run's creation, which the event then says. */
const startOf = ({ run_id, started_at }: Row, received_at: Time): Start => ({
  ...contextOf(run_id, started_at === undefined ? BEFORE_ALL : received_at),
  command: 'start',
  ...definedOf({ occurred_at: started_at }),
})

const BEFORE_ALL: Time = '1970-01-01T00:00:00.000Z'

const contextOf = (run_id: string, received_at: Time) => ({
  run_id,
  command_id: '',
  command_id_is_new: false,
  actor: 'anonymous',
  recorded_by: { principal: null, via: 'import' } as const,
  correlation_id: '',
  received_at,
  reason: REASON,
})

const REASON = 'reconstructed from a row'

/** Under an id of what the command says, so that another import of the same row is a repeat. */
const withId = <Command extends RunCommand>(command: Command): Command => {
  const { received_at: _, ...said } = command
  const command_id = lineartCommandId(command.run_id, `import ${command.command}`, canonicalize(said) ?? '')
  return { ...command, command_id, correlation_id: command_id }
}

/** Null inside a list stays: a patch replaces lists whole. */
const hasNull = (value: Json): boolean => value === null || (isJsonObject(value) && Object.values(value).some(hasNull))

/** The fields that are given. */
const definedOf = <Fields extends Readonly<Record<string, JsonObject | string | undefined>>>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>
  }
