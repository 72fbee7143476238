/** The Run: what the events of one stream fold into, and the rules of its fields. */
import { z } from 'zod'
import type { JsonObject } from './json.ts'
import { TERMINAL_STATUSES } from './terminal-status.ts'
import type { Time } from './time.ts'

/** The pattern of `run_id`, `run_group_id` and `policy_version_id`. */
export const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/
export const Id = z.string().regex(ID, 'must be 1 to 128 of A-Z a-z 0-9 . _ : - and start with a letter or digit')

export const STATUS = /^[A-Z][A-Z0-9_]{0,63}$/
const StatusName = z.string().regex(STATUS, 'must be 1 to 64 of A-Z 0-9 _ and start with a letter')

export const TerminalStatus = z.enum(TERMINAL_STATUSES)
export type TerminalStatus = z.infer<typeof TerminalStatus>

const RESERVED: ReadonlySet<string> = new Set(['PENDING', 'STARTED', ...TERMINAL_STATUSES])

/** Whether `status` is one that create, start and complete set. */
export const isReserved = (status: string): boolean => RESERVED.has(status)

export const OwnStatus = StatusName.refine((status) => !isReserved(status), {
  message:
    'must be a status of your own: PENDING, STARTED, SUCCESS, FAILURE and CANCELLED are set by create, start and complete',
})

/** An object of any JSON. What is inside has been checked by `parseJson`. */
export const AnyObject = z.looseObject({}) as unknown as z.ZodType<JsonObject, JsonObject>

/** Always all ten fields. The stream's revision is none of them: it travels as the ETag. */
export type Run = Readonly<{
  run_id: string
  run_group_id: string | null
  policy_version_id: string
  status: string
  result: string | null
  input_data: JsonObject
  run_metadata: JsonObject
  created_at: Time
  started_at: Time | null
  last_updated_at: Time
}>

/** A Run with the revision of its latest event; before `RunCreated`, null at revision -1. */
export type RunAtRevision = Readonly<{ run: Run | null; revision: number }>

/** At most this many events a run; the last one is kept for `RunCompleted`. */
export const MAX_EVENTS = 10_000

/** The most that folded `run_metadata` may take as JSON, in bytes. */
export const MAX_METADATA_BYTES = 256 * 1024

/** How far ahead of the ledger's clock an explicit `occurred_at` may be, in ms. */
export const MAX_AHEAD_MS = 5 * 60_000
