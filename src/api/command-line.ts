/** The line format: one command on each line, for `POST /commands` and `run-ledger import`. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { z } from 'zod'
import { newId } from '../lib/new-id.ts'
import { ChangeStatusBody, CompleteBody, CreateBody, optional, type RunCommand, StartBody } from '../run/commands.ts'
import type { RecordedBy } from '../run/events.ts'
import { runIdOf } from '../run/ids.ts'
import { isJsonObject, type Json } from '../run/json.ts'
import { Id } from '../run/run.ts'
import { Actor, CommandId } from '../run/texts.ts'
import type { Time } from '../run/time.ts'
import { type FieldIssue, fieldIssuesOf } from './field-issues.ts'
import { fieldReader, type Reader } from './field-reader.ts'

const OnEveryLine = { command_id: optional(CommandId), actor: optional(Actor) }

export const CommandLine = z.discriminatedUnion('command', [
  CreateBody.extend({ command: z.literal('create'), ...OnEveryLine }),
  StartBody.extend({ command: z.literal('start'), run_id: Id, ...OnEveryLine }),
  ChangeStatusBody.extend({ command: z.literal('change_status'), run_id: Id, ...OnEveryLine }),
  CompleteBody.extend({ command: z.literal('complete'), run_id: Id, ...OnEveryLine }),
])
export type CommandLine = z.output<typeof CommandLine>

const READERS: ReadonlyMap<unknown, Reader<CommandLine>> = new Map(
  CommandLine.options.map((option) => [
    option.shape.command.value,
    fieldReader<z.ZodObject>(option) as Reader<CommandLine>,
  ]),
)

/** What is not in the line itself. */
export type LineContext = Readonly<{
  recorded_by: RecordedBy
  received_at: Time
  /** The command id of a line without one. Null without an idempotency key: the line then gets a new id. */
  defaultCommandId: (line: CommandLine) => string | null
  /** The actor of a line without one. */
  defaultActor: string
  /** The command id where absent. */
  correlation_id?: string | undefined
  traceparent?: string | undefined
}>

/**
 * The command in `line`, which is the result of `parseJson`; or every fault in it. A create without `run_id` gets one derived
 * from its key, so that a repeat finds the same run; without a key it gets a new one.
 */
export const commandOfLine = (line: Json, context: LineContext): Either<readonly FieldIssue[], RunCommand> => {
  const read = isJsonObject(line) ? (READERS.get(line.command)?.(line) ?? null) : null
  if (read !== null) return right(commandOf(read, context))
  const parsed = CommandLine.safeParse(line)
  return parsed.success ? right(commandOf(parsed.data, context)) : left(fieldIssuesOf(parsed.error))
}

const commandOf = (line: CommandLine, context: LineContext): RunCommand => {
  const { principal } = context.recorded_by
  const key = line.command_id ?? context.defaultCommandId(line)
  const command_id = key ?? newId()
  return {
    ...line,
    run_id: line.run_id ?? (key === null ? newId() : runIdOf(principal, key)),
    command_id,
    command_id_is_new: key === null,
    actor: line.actor ?? context.defaultActor,
    recorded_by: context.recorded_by,
    correlation_id: context.correlation_id ?? command_id,
    traceparent: context.traceparent,
    received_at: context.received_at,
  }
}
