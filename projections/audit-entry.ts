/** The audit trail: one Entry for each event of the log, readable or not, with what it changed. */
import type { RecordedBy, RunEvent } from '../src/run/events.ts'
import { isJsonObject, type Json, type JsonObject } from '../src/run/json.ts'
import { readJson, readJsonObject } from '../src/run/read-json.ts'
import { isTime, type Time } from '../src/run/time.ts'
import { type Change, changesOf } from './changes.ts'
import type { Transition } from './current-run.ts'

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

/** When the event was recorded: by this ledger, or by the one that it was moved from. */
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
