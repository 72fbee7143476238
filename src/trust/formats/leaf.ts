/** The leaf of an event: the bytes that the tree commits to. */
// STORAGE CONTRACT: the form below is hashed into every checkpoint ever signed. It never changes; a new form gets a new first part.
import { fromBase64Url } from './bytes.ts'

/** An event as its store holds it. `data` and `metadata` are its bytes exactly as stored. */
export type LeafEvent = Readonly<{
  /** The run whose stream the event is in; null for an access event. */
  run_id: string | null
  /** A bigint where it is beyond 2^53, as the revision of a tombstone can be. */
  revision: number | bigint
  type: string
  event_id: string
  /** By the store's own clock, not `imported.recorded_at`. */
  recorded_at: string
  data: Uint8Array<ArrayBuffer>
  metadata: Uint8Array<ArrayBuffer>
}>

/** What a leaf holds of data and metadata: HMAC-SHA256 of their bytes under the event's nonce, 32 bytes each. */
export type Commitments = Readonly<{ data: Uint8Array; metadata: Uint8Array }>

const LEAF_V1 = 'run-ledger/leaf/v1'

/** The leaf's bytes: eight parts, each after its length in bytes as a 32-bit big-endian number. */
export const leafOf = (
  { run_id, revision, type, event_id, recorded_at }: Omit<LeafEvent, 'data' | 'metadata'>,
  { data, metadata }: Commitments,
): Uint8Array<ArrayBuffer> => {
  const owner = run_id === null ? 'access' : `run:${run_id}`
  const texts = [LEAF_V1, owner, String(revision), type, event_id.toLowerCase(), recorded_at]
  const bytes = new Uint8Array(mostBytesOf(texts, [data, metadata]))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const text of texts) {
    const { written } = ENCODER.encodeInto(text, bytes.subarray(at + 4))
    view.setUint32(at, written)
    at += 4 + written
  }
  for (const part of [data, metadata]) {
    view.setUint32(at, part.length)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  return bytes.subarray(0, at)
}

const ENCODER = new TextEncoder()

/** A character of a text takes at most three bytes. */
const mostBytesOf = (texts: readonly string[], parts: readonly Uint8Array[]): number =>
  texts.reduce((sum, { length }) => sum + 4 + 3 * length, 0) + parts.reduce((sum, { length }) => sum + 4 + length, 0)

export type Leaf = Readonly<{
  run_id: string | null
  /** In decimal. */
  revision: string
  type: string
  event_id: string
  recorded_at: string
  commitments: Readonly<{ data: Uint8Array<ArrayBuffer>; metadata: Uint8Array<ArrayBuffer> }>
}>

/** Reads a leaf back; null where the bytes are no leaf of this form, to the last byte. */
export const parseLeaf = (bytes: Uint8Array<ArrayBuffer>): Leaf | null => {
  const parts = partsOf(bytes)
  if (parts?.length !== 8) return null
  const [form, owner, revision, type, event_id, recorded_at] = parts.slice(0, 6).map(textOf)
  const [data, metadata] = parts.slice(6)
  if (form !== LEAF_V1 || data?.length !== 32 || metadata?.length !== 32) return null
  if (owner === null || revision === null || type === null || event_id === null || recorded_at === null) return null
  if (owner !== 'access' && !owner?.startsWith('run:')) return null
  return {
    run_id: owner === 'access' ? null : (owner as string).slice('run:'.length),
    revision: revision as string,
    type: type as string,
    event_id: event_id as string,
    recorded_at: recorded_at as string,
    commitments: { data, metadata },
  }
}

const partsOf = (bytes: Uint8Array<ArrayBuffer>): readonly Uint8Array<ArrayBuffer>[] | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return null
    const length = view.getUint32(at)
    at += 4
    if (at + length > bytes.length) return null
    parts.push(bytes.slice(at, at + length))
    at += length
  }
  return parts
}

const textOf = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/**
 * The key of an event's commitments: the 16 bytes of its metadata's `nonce`. Empty where the metadata have none: such events
 * are from before the trust layer, and their commitments hide nothing that can be guessed.
 */
export const nonceOf = (metadata: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
  const nonce = stringAt(metadata, 'nonce')
  const bytes = nonce === null ? null : fromBase64Url(nonce)
  return bytes?.length === NONCE_BYTES ? bytes : new Uint8Array(0)
}

const NONCE_BYTES = 16
const JSON_DECODER = new TextDecoder('utf-8', { fatal: true })

const stringAt = (json: Uint8Array<ArrayBuffer>, key: string): string | null => {
  try {
    const value = (JSON.parse(JSON_DECODER.decode(json)) as Record<string, unknown> | null)?.[key]
    return typeof value === 'string' ? value : null
  } catch {
    // What cannot be read as JSON is committed to all the same.
    return null
  }
}
