/** The audit trail: one Entry for each event of the log, readable or not, with what it changed. */
import { escapeToken } from '../src/lib/json-pointer.ts'
import type { RecordedBy, RunEvent } from '../src/run/events.ts'
import { isJsonObject, type Json, type JsonObject } from '../src/run/json.ts'
import { readJson, readJsonObject } from '../src/run/read-json.ts'
import type { Run } from '../src/run/run.ts'
import { isTime, type Time } from '../src/run/time.ts'
import type { Transition } from './current-run.ts'

/** `path` is a JSON Pointer (RFC 6901) into the Run. `from` is absent where it did not exist, `to` where it was removed. */
export type Change = Readonly<{ path: string; from?: Json; to?: Json }>

/** `changes` is null where the run cannot be read as far as this; so is what cannot be read of data and metadata. */
export type Entry = Readonly<{
  position: string
  event_id: string
  run_id: string
  revision: number
  type: string
  schema_version: number | null
  occurred_at: Time | null
  occurred_at_from: string | null
  recorded_at: Time
  actor: string | null
  recorded_by: RecordedBy | null
  reason: string | null
  command_id: string | null
  correlation_id: string | null
  causation_id: string | null
  changes: readonly Change[] | null
  /** As stored, in the schema version that it was stored in. */
  data: JsonObject | null
}>

/** An event where it stands in the log; `data` and `metadata` are JSON text. */
export type PlacedEvent = Readonly<{
  event_id: string
  stream: string
  revision: number
  position: string
  recorded_at: Time
  type: string
  data: string
  metadata: string
}>

/** An Entry as JSON, on one line, beside what is searched for. */
export type EntryText = Pick<Entry, 'occurred_at' | 'recorded_at' | 'actor' | 'command_id' | 'correlation_id'> &
  Readonly<{ text: string }>

/** When a ledger learnt of the event: this one, or the one that it was moved here from. */
export const recordedAtOf = (
  { metadata }: Pick<RunEvent, 'metadata'>,
  stored: Pick<PlacedEvent, 'recorded_at'>,
): Time => metadata.imported?.recorded_at ?? stored.recorded_at

/** The Entry of `stored`, given what it did; null where its run cannot be read as far as it. */
export const entryOf = (stored: PlacedEvent, transition: Transition | null): Entry =>
  readJson<Entry>(entryTextOf(stored, transition).text)

/** The same as text, made without parsing what goes into it as it is. */
export const entryTextOf = (stored: PlacedEvent, transition: Transition | null): EntryText => {
  const legible = transition === null ? legibleOf(stored) : factsOf(stored, transition.event)
  const { occurred_at, recorded_at, actor, command_id, correlation_id, causation_id } = legible
  const command = quoted(command_id)
  const text = `{"position":"${stored.position}","event_id":${quoted(stored.event_id)}\
,"run_id":${legible.run_id},"revision":${stored.revision},"type":${legible.type}\
,"schema_version":${legible.schema_version},"occurred_at":${occurred_at === null ? 'null' : `"${occurred_at}"`}\
,"occurred_at_from":${legible.occurred_at_from},"recorded_at":"${recorded_at}","actor":${quoted(actor)}\
,"recorded_by":${recordedByText(legible.recorded_by)},"reason":${quoted(legible.reason)},"command_id":${command}\
,"correlation_id":${correlation_id === command_id ? command : quoted(correlation_id)}\
,"causation_id":${causation_id === command_id ? command : quoted(causation_id)}\
,"changes":${transition === null ? 'null' : changesText(transition)},"data":${legible.data}}`
  return { text, occurred_at, recorded_at, actor, command_id, correlation_id }
}

/** `changesOf` as JSON; what nearly every event changes is known without it. */
const changesText = ({ event, before, after }: Transition): string =>
  event.type === 'RunStatusChanged' && before !== null && before.run_metadata === after.run_metadata
    ? before.status === after.status
      ? '[]'
      : `[{"path":"/status","from":"${before.status}","to":"${after.status}"}]`
    : JSON.stringify(changesOf(before, after))

// In the order of a Run's fields. `last_updated_at` is left out: every event moves it.
const FIELDS = [
  'run_id',
  'run_group_id',
  'policy_version_id',
  'status',
  'result',
  'input_data',
  'run_metadata',
  'created_at',
  'started_at',
] as const satisfies readonly (keyof Run)[]

/**
 * What differs, in the order of the Run's fields; inside an object the keys that were there before come first, each in
 * its document's order. A changed array is one change, and so is whatever had no counterpart: a new Run's whole field.
 */
export const changesOf = (before: Run | null, after: Run): readonly Change[] => {
  if (before === null) return FIELDS.map((field) => ({ path: `/${field}`, to: after[field] }))
  const changes: Change[] = []
  for (const field of FIELDS)
    if (before[field] !== after[field]) compare(`/${field}`, before[field], after[field], changes)
  return changes
}

const compare = (path: string, from: Json, to: Json, changes: Change[]): void => {
  if (isJsonObject(from) && isJsonObject(to)) compareObjects(path, from, to, changes)
  else if (!isSame(from, to)) changes.push({ path, from, to })
}

const compareObjects = (path: string, from: JsonObject, to: JsonObject, changes: Change[]): void => {
  for (const key of Object.keys(from)) {
    const inside = `${path}/${escapeToken(key)}`
    if (Object.hasOwn(to, key)) compare(inside, own(from, key), own(to, key), changes)
    else changes.push({ path: inside, from: own(from, key) })
  }
  for (const key of Object.keys(to))
    if (!Object.hasOwn(from, key)) changes.push({ path: `${path}/${escapeToken(key)}`, to: own(to, key) })
}

/** Whether both are the same JSON: the order of an object's keys says nothing. */
const isSame = (a: Json, b: Json): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(own(a, key), own(b, key)))
  )
}

const own = (value: object, key: string): Json => (value as Record<string, Json>)[key] as Json

type Facts = Pick<
  Entry,
  | 'schema_version'
  | 'occurred_at'
  | 'recorded_at'
  | 'actor'
  | 'recorded_by'
  | 'reason'
  | 'command_id'
  | 'correlation_id'
  | 'causation_id'
> &
  /** As JSON: what has been checked needs no look at its characters. */
  Readonly<{ run_id: string; type: string; occurred_at_from: string; data: string }>

const factsOf = (stored: PlacedEvent, event: RunEvent): Facts => {
  const { metadata, data } = event
  return {
    run_id: `"${data.run_id}"`,
    type: `"${event.type}"`,
    schema_version: metadata.schema_version,
    occurred_at: data.occurred_at,
    occurred_at_from: `"${metadata.occurred_at_from}"`,
    recorded_at: recordedAtOf(event, stored),
    actor: metadata.actor,
    recorded_by: metadata.recorded_by,
    reason: data.reason ?? null,
    command_id: metadata.command_id,
    correlation_id: metadata.$correlationId,
    causation_id: metadata.$causationId,
    data: onOneLine(stored.data),
  }
}

/** What can be read of an event of which nothing is sure. */
const legibleOf = (stored: PlacedEvent): Facts => {
  const data = readJsonObject(stored.data)
  const metadata = readJsonObject(stored.metadata) ?? {}
  const imported = objectOrNull(metadata['imported'])
  const recordedBy = objectOrNull(metadata['recorded_by'])
  const version = metadata['schema_version']
  return {
    run_id: quoted(stored.stream),
    type: quoted(stored.type),
    schema_version: Number.isSafeInteger(version) ? (version as number) : null,
    occurred_at: timeOrNull(data?.['occurred_at']),
    occurred_at_from: quoted(textOrNull(metadata['occurred_at_from'])),
    recorded_at: timeOrNull(imported?.['recorded_at']) ?? stored.recorded_at,
    actor: textOrNull(metadata['actor']),
    recorded_by: isRecordedBy(recordedBy) ? recordedBy : null,
    reason: textOrNull(data?.['reason']),
    command_id: textOrNull(metadata['command_id']),
    correlation_id: textOrNull(metadata['$correlationId']),
    causation_id: textOrNull(metadata['$causationId']),
    data: data === null ? 'null' : onOneLine(stored.data),
  }
}

const isRecordedBy = (value: JsonObject | null): value is RecordedBy =>
  value !== null &&
  (value['principal'] === null || typeof value['principal'] === 'string') &&
  (value['via'] === 'http' || value['via'] === 'import' || value['via'] === 'cli')

const textOrNull = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
const timeOrNull = (value: Json | undefined): Time | null => (typeof value === 'string' && isTime(value) ? value : null)
const objectOrNull = (value: Json | undefined): JsonObject | null =>
  value !== undefined && isJsonObject(value) ? value : null

// What other programs have written may hold line breaks; inside JSON's strings there are none.
const onOneLine = (json: string): string =>
  json.includes('\n') || json.includes('\r') ? JSON.stringify(readJson(json)) : json

// What `JSON.stringify` would only put between quotes, which is nearly everything.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

const quoted = (text: string | null): string =>
  text === null ? 'null' : PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)

const recordedByText = (by: RecordedBy | null): string =>
  by === null ? 'null' : `{"principal":${quoted(by.principal)},"via":"${by.via}"}`
