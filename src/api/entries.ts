/** The audit trail on the wire: its Entries, and the queries for them. */
import { z } from 'zod'
import { OCCURRED_AT_FROM, VIA } from '../run/events.ts'
import { AnyObject, Id, STATUS } from '../run/run.ts'
import { Actor, CommandId, Result } from '../run/texts.ts'
import { AnswerTime, NextCursor, PositionText } from './answers.ts'
import { anyOf, Cursor, Limit, QueryTime } from './query-parts.ts'

const Change = z.object({
  path: z.string().meta({ description: 'a JSON Pointer (RFC 6901) into the Run', example: '/run_metadata/desk' }),
  from: z.any().optional().meta({ description: 'absent where the path did not exist' }),
  to: z.any().optional().meta({ description: 'absent where it was removed' }),
})

/** One event of the log and what it changed. Parts of the event that cannot be read are null. */
export const EntryAnswer = z
  .object({
    position: PositionText,
    event_id: z.string(),
    run_id: z.string(),
    revision: z.int().meta({ description: 'the number of the event in its run, from 0' }),
    type: z.string().meta({ example: 'RunStatusChanged' }),
    schema_version: z.int().nullable(),
    occurred_at: AnswerTime.nullable().meta({ description: 'when it happened in the world' }),
    occurred_at_from: z.enum(OCCURRED_AT_FROM).nullable().meta({ description: 'the source of that time' }),
    recorded_at: AnswerTime.meta({ description: 'when the ledger recorded it' }),
    actor: z.string().nullable().meta({ description: 'on whose behalf' }),
    recorded_by: z
      .object({ principal: z.string().nullable(), via: z.enum(VIA) })
      .nullable()
      .meta({ description: 'who sent it, and through which interface' }),
    reason: z.string().nullable(),
    command_id: z.string().nullable(),
    correlation_id: z.string().nullable(),
    causation_id: z.string().nullable(),
    changes: z
      .array(Change)
      .nullable()
      .meta({ description: 'what it changed in the Run; null where the run cannot be read up to this event' }),
    data: AnyObject.nullable().meta({ description: 'what is stored' }),
  })
  .meta({ id: 'Entry', description: 'One event of the audit trail: who changed what, when and why' })
export type EntryAnswer = Readonly<z.infer<typeof EntryAnswer>>

export const EntryPageAnswer = z
  .object({ data: z.array(EntryAnswer), next_cursor: NextCursor })
  .meta({ id: 'EntryPage' })
export type EntryPageAnswer = Readonly<z.infer<typeof EntryPageAnswer>>

export const ENTRY_SORTS = ['position', '-position', 'occurred_at', '-occurred_at'] as const
export const ENTRY_FORMATS = ['json', 'csv', 'ndjson', 'cloudevents'] as const
export type EntryFormat = (typeof ENTRY_FORMATS)[number]

const CHANGED_PATH = /^\/[\s\S]{0,999}$/u

/** An Entry must match every filter. A filter with several values matches any of them. */
export const entryFilters = {
  actor: anyOf(Actor).meta({
    description: 'on whose behalf; filters may be repeated, and then match any of the values',
  }),
  type: anyOf(z.string().min(1, 'must name an event type').max(256, 'must be at most 256 characters')),
  run_id: anyOf(Id),
  policy_version_id: anyOf(Id).meta({ description: "of the entry's run" }),
  run_group_id: anyOf(Id).meta({ description: "of the entry's run" }),
  command_id: anyOf(CommandId),
  correlation_id: anyOf(CommandId),
  status: anyOf(z.string().regex(STATUS, 'must be a status: 1 to 64 of A-Z 0-9 _')).meta({
    description: 'that the event set',
  }),
  result: anyOf(Result).meta({ description: 'that the event set' }),
  path: anyOf(
    z
      .string()
      .regex(CHANGED_PATH, 'must be a JSON Pointer into the Run, such as /run_metadata/score or /run_metadata/*'),
  ).meta({
    description:
      'what the event changed, a JSON Pointer into the Run; one that ends in `*` stands for all that begin so',
    example: '/run_metadata/score',
  }),
  reason: anyOf(z.string().min(1, 'must not be empty').max(1000, 'must be at most 1,000 characters')).meta({
    description: 'a part of its reason',
  }),
  occurred_after: QueryTime.optional().meta({ description: 'events that occurred then or later' }),
  occurred_before: QueryTime.optional().meta({ description: 'events that occurred earlier' }),
  recorded_after: QueryTime.optional().meta({ description: 'events that the ledger recorded then or later' }),
  recorded_before: QueryTime.optional().meta({ description: 'events that the ledger recorded earlier' }),
} as const

/** `GET /audit`, and `run-ledger audit`. */
export const AuditQuery = z.strictObject({
  ...entryFilters,
  sort: z
    .enum(ENTRY_SORTS)
    .default('-position')
    .meta({ description: 'equal values are sorted by position in the same direction' }),
  limit: Limit.optional(),
  cursor: Cursor.optional(),
  format: z
    .enum(ENTRY_FORMATS)
    .optional()
    .meta({ description: 'overrides `Accept`; all formats except json stream every matching Entry' }),
  csv: z
    .enum(['raw'])
    .optional()
    .meta({ description: 'does not escape cells that a spreadsheet would read as formulas' }),
})
export type AuditQuery = Readonly<z.output<typeof AuditQuery>>
