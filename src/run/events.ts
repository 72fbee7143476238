/** The four events of a run. */
// STORAGE CONTRACT: names, fields and meanings below are in every log ever written. They never change;
// a new form gets a new schema version and an upcaster.
import { z } from 'zod'
import { AnyObject, Id, OwnStatus, TerminalStatus } from './run.ts'
import { Actor, CommandId, Reason, Result } from './texts.ts'
import { isTime, type Time } from './time.ts'
import type { EventType } from './upcasters.ts'

const StoredTime: z.ZodType<Time, Time> = z.string().refine(isTime, 'must be a time in UTC with milliseconds')

export const RunCreatedData = z.object({
  run_id: Id,
  run_group_id: Id.nullable(),
  policy_version_id: Id,
  input_data: AnyObject,
  run_metadata: AnyObject,
  occurred_at: StoredTime,
  reason: Reason.optional(),
})

export const RunStartedData = z.object({ run_id: Id, occurred_at: StoredTime, reason: Reason.optional() })

export const RunStatusChangedData = z.object({
  run_id: Id,
  status: OwnStatus,
  run_metadata: AnyObject.optional(),
  occurred_at: StoredTime,
  reason: Reason.optional(),
})

export const RunCompletedData = z.object({
  run_id: Id,
  status: TerminalStatus,
  result: Result.nullable(),
  run_metadata: AnyObject.optional(),
  occurred_at: StoredTime,
  reason: Reason.optional(),
})

export const VIA = ['http', 'import', 'cli'] as const
export const OCCURRED_AT_FROM = ['caller', 'clock', 'lifted'] as const

export const EventMetadata = z.object({
  schema_version: z.int().positive(),
  command_id: CommandId,
  actor: Actor,
  recorded_by: z.object({ principal: z.string().nullable(), via: z.enum(VIA) }),
  occurred_at_from: z.enum(OCCURRED_AT_FROM),
  // the command's id where the caller sent no correlation id
  $correlationId: CommandId,
  $causationId: CommandId,
  traceparent: z.string().optional(),
  // 128 random bits, base64url: they hide what commitments to the event are made of. Older events have none.
  nonce: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .optional(),
  imported: z.object({ recorded_at: StoredTime, position: z.string() }).optional(),
})
export type EventMetadata = Readonly<z.infer<typeof EventMetadata>>
export type RecordedBy = EventMetadata['recorded_by']

type EventOf<Type extends string, Data> = Readonly<{ type: Type; data: Readonly<Data>; metadata: EventMetadata }>

export type RunCreated = EventOf<'RunCreated', z.infer<typeof RunCreatedData>>
export type RunStarted = EventOf<'RunStarted', z.infer<typeof RunStartedData>>
export type RunStatusChanged = EventOf<'RunStatusChanged', z.infer<typeof RunStatusChangedData>>
export type RunCompleted = EventOf<'RunCompleted', z.infer<typeof RunCompletedData>>
export type RunEvent = RunCreated | RunStarted | RunStatusChanged | RunCompleted

export const DATA_SCHEMAS = {
  RunCreated: RunCreatedData,
  RunStarted: RunStartedData,
  RunStatusChanged: RunStatusChangedData,
  RunCompleted: RunCompletedData,
} as const satisfies Record<EventType, z.ZodType>
