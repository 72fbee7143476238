/** The files of an evidence pack, one zip about one run. Runs in browsers too. */
import type { PlacedEvent } from '../../projections/audit-entry.ts'
import { fromBase64, toBase64, utf8 } from '../trust/formats/bytes.ts'
import type { LeafEvent } from '../trust/formats/leaf.ts'

export const PACK = 'run-ledger/evidence/v1'

/** What the pack is about. `revision`: of the last event in it. `checkpoint_size`: how many events its checkpoint covers. */
export type PackHead = Readonly<{ format: typeof PACK; run_id: string; revision: number; checkpoint_size: number }>

export const FILES = {
  readme: 'README.md',
  page: 'verify.html',
  head: 'pack.json',
  checkpoint: 'checkpoint.txt',
  events: 'events.ndjson',
  entries: 'entries.ndjson',
  runs: 'runs.ndjson',
} as const

export const proofFile = (revision: number): string => `proofs/${String(revision).padStart(5, '0')}.tlog-proof`

/** An event of the pack, as its store holds it. */
export type PackedEvent = PlacedEvent & Readonly<{ bytes: Readonly<{ data: Bytes; metadata: Bytes }> }>

type Bytes = Uint8Array<ArrayBuffer>

/** Texts as they are; what is no UTF-8 in base64. Written in one form only. */
export const eventLine = (event: PackedEvent): string => {
  const { stream, revision, type, event_id, recorded_at, position, bytes } = event
  const place = { run_id: stream, revision, type, event_id, recorded_at, position }
  return `${JSON.stringify({ ...place, ...written('data', bytes.data), ...written('metadata', bytes.metadata) })}\n`
}

const written = (name: 'data' | 'metadata', bytes: Bytes): Record<string, string> => {
  const text = textOf(bytes)
  return text === null ? { [`${name}_base64`]: toBase64(bytes) } : { [name]: text }
}

/** Null where the line is not written as `eventLine` writes it. */
export const parseEventLine = (line: string): PackedEvent | null => {
  const event = eventIn(line)
  return event !== null && eventLine(event) === `${line}\n` ? event : null
}

const eventIn = (line: string): PackedEvent | null => {
  const { run_id, revision, type, event_id, recorded_at, position, ...texts } = objectIn(line)
  const [data, metadata] = [bytesIn(texts, 'data'), bytesIn(texts, 'metadata')]
  const names = [run_id, type, event_id, recorded_at, position]
  if (data === null || metadata === null || !names.every((name) => typeof name === 'string')) return null
  if (!Number.isSafeInteger(revision)) return null
  const place = { stream: run_id, revision, type, event_id, recorded_at, position } as Omit<
    PlacedEvent,
    'data' | 'metadata'
  >
  return { ...place, data: lossy(data), metadata: lossy(metadata), bytes: { data, metadata } }
}

const objectIn = (line: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const bytesIn = (texts: Record<string, unknown>, name: 'data' | 'metadata'): Bytes | null => {
  const [text, base64] = [texts[name], texts[`${name}_base64`]]
  if (typeof text === 'string') return utf8(text)
  return typeof base64 === 'string' ? fromBase64(base64) : null
}

/** The event as the tree commits to it. */
export const leafEventIn = (event: PackedEvent): LeafEvent => ({
  run_id: event.stream,
  revision: event.revision,
  type: event.type,
  event_id: event.event_id,
  recorded_at: event.recorded_at,
  ...event.bytes,
})

const lossy = (bytes: Bytes): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

/** Null where the bytes are no UTF-8. */
const textOf = (bytes: Bytes): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
