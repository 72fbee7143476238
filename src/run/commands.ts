/** The four commands: what a caller asks of a run. */
import { z } from 'zod'
import type { RecordedBy } from './events.ts'
import type { JsonObject } from './json.ts'
import { AnyObject, Id, OwnStatus, TerminalStatus } from './run.ts'
import { Reason, Result } from './texts.ts'
import { type Time, TimeInput } from './time.ts'

/** Null means absent in every optional field. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform<z.output<Schema> | undefined>(absentForNull)

export const absentForNull = <Value>(value: Value | null | undefined): Value | undefined => value ?? undefined

const OnEveryBody = { occurred_at: optional(TimeInput), reason: optional(Reason) }

export const CreateBody = z.strictObject({
  run_id: optional(Id),
  run_group_id: optional(Id),
  policy_version_id: Id,
  input_data: optional(AnyObject),
  run_metadata: optional(AnyObject),
  ...OnEveryBody,
})
export const StartBody = z.strictObject(OnEveryBody)
export const ChangeStatusBody = z.strictObject({
  status: OwnStatus,
  run_metadata: optional(AnyObject),
  ...OnEveryBody,
})
export const CompleteBody = z.strictObject({
  status: TerminalStatus,
  result: optional(Result),
  run_metadata: optional(AnyObject),
  ...OnEveryBody,
})

/** What comes with every command, whatever it asks: who, under which key, when it was received. */
export type CommandContext = Readonly<{
  run_id: string
  /** The idempotency key. */
  command_id: string
  /** Whether the ledger made `command_id` for this command: then no earlier attempt can have stored it. */
  command_id_is_new: boolean
  actor: string
  recorded_by: RecordedBy
  correlation_id: string
  traceparent?: string | undefined
  /** The ledger's clock when the command came in: deciding again gives the same event. */
  received_at: Time
  /** If-Match: the revision that the run must be at. */
  expected_revision?: number | undefined
}>

type OnEveryCommand = Readonly<{ occurred_at?: Time | undefined; reason?: string | undefined }>

export type Create = CommandContext &
  OnEveryCommand &
  Readonly<{
    command: 'create'
    run_group_id?: string | undefined
    policy_version_id: string
    input_data?: JsonObject | undefined
    run_metadata?: JsonObject | undefined
  }>
export type Start = CommandContext & OnEveryCommand & Readonly<{ command: 'start' }>
export type ChangeStatus = CommandContext &
  OnEveryCommand &
  Readonly<{ command: 'change_status'; status: string; run_metadata?: JsonObject | undefined }>
export type Complete = CommandContext &
  OnEveryCommand &
  Readonly<{
    command: 'complete'
    status: TerminalStatus
    result?: string | undefined
    run_metadata?: JsonObject | undefined
  }>

export type RunCommand = Create | Start | ChangeStatus | Complete
