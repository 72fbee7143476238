/** The ledger format: stored events as NDJSON, one a line, so that a ledger can be moved to another store byte for byte. */
import { isUtf8 } from 'node:buffer'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { bytesOf, MAX_APPEND_BYTES, type NewEvent, type StoredEvent } from '../event-store/event-store.ts'
import { readJsonObject } from '../run/read-json.ts'
import { isTime } from '../run/time.ts'

/** A line of the format; `last` is true on the file's last one, so that a file that was cut is known by its lack. */
export type LedgerLine = StoredEvent & Readonly<{ last: boolean }>

/** The line cannot be an event of a ledger; `detail` says why. */
export type BadLine = Readonly<{ _tag: 'BadLine'; detail: string }>

/** The longest line that is read, in bytes: an event's texts grow when they are written as JSON strings. */
export const MAX_LEDGER_LINE_BYTES = 8 * 1024 * 1024

const VERSION = 1

/**
 * `{"ledger":1,"stream","revision","position","recorded_at","event_id","type","data","metadata"}` and a line's end.
 * `stream` is without the store's prefix; `data` and `metadata` are strings that hold the stored texts as they are.
 */
export const ledgerLine = (stored: StoredEvent, last: boolean): string => {
  const { stream, revision, position, recorded_at, event_id, type, data, metadata } = stored
  const line = { ledger: VERSION, stream, revision, position, recorded_at, event_id, type, data, metadata }
  return `${JSON.stringify(last ? { ...line, last } : line)}\n`
}

export const parseLedgerLine = (bytes: Buffer): Either<BadLine, LedgerLine> => {
  const line = isUtf8(bytes) ? readJsonObject(bytes.toString('utf8')) : null
  if (line === null) return badLine('it is no JSON object')
  if (line['ledger'] !== VERSION) return badLine('it is no event of an export with --format ledger')
  const missing = TEXTS.find((key) => typeof line[key] !== 'string')
  if (missing !== undefined) return badLine(`its ${missing} is no text`)
  if (!Number.isSafeInteger(line['revision']) || (line['revision'] as number) < 0)
    return badLine('its revision is no whole number')
  if (!isTime(line['recorded_at'] as string)) return badLine('its recorded_at is no time')
  if (!/^\d{20}$/.test(line['position'] as string)) return badLine('its position is not 20 digits')
  if (line['stream'] === '' || line['type'] === '') return badLine('its stream or type is empty')
  return right({ ...(line as unknown as StoredEvent), last: line['last'] === true })
}

/**
 * `stored` as it goes into another store: `imported`, which keeps when and where it was first recorded, stands last in its
 * metadata, whose text stays as it is before that. Metadata that have `imported` already, or are no JSON object, stay whole.
 * Refused where it grows beyond what an event may take.
 */
export const movedEvent = (stored: StoredEvent): Either<BadLine, NewEvent> => {
  const { event_id, type, data } = stored
  const moved = { event_id, type, data, metadata: withImported(stored) }
  const bytes = bytesOf(moved)
  return bytes <= MAX_APPEND_BYTES
    ? right(moved)
    : badLine(
        `with the time of its first recording it takes ${bytes} bytes, and an event takes at most ${MAX_APPEND_BYTES}`,
      )
}

const withImported = ({ metadata, recorded_at, position }: StoredEvent): string => {
  const members = readJsonObject(metadata)
  if (members === null || Object.hasOwn(members, 'imported')) return metadata
  const end = metadata.lastIndexOf('}')
  const comma = Object.keys(members).length === 0 ? '' : ','
  return `${metadata.slice(0, end)}${comma}"imported":${JSON.stringify({ recorded_at, position })}${metadata.slice(end)}`
}

const TEXTS = ['stream', 'position', 'recorded_at', 'event_id', 'type', 'data', 'metadata'] as const

const badLine = (detail: string): Either<BadLine, never> => left({ _tag: 'BadLine', detail })
