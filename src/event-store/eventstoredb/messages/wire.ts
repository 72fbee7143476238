/** The parts of Protocol Buffers as they stand on the wire (https://protobuf.dev/programming-guides/encoding). */

/** How far `bytes` have been read. */
export type Cursor = { readonly bytes: Buffer; at: number }

/** The next number; beyond 2^53 it has lost digits. Throws where the message ends in the middle of it, as all of these. */
export const readVarint = (cursor: Cursor): number => {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw new Error(BROKEN)
    if (byte < 128) return value + byte * scale
    value += (byte - 128) * scale
  }
}

/** The next number, whatever it is. */
export const readDigits = (cursor: Cursor): string => {
  const from = cursor.at
  const value = readVarint(cursor)
  if (Number.isSafeInteger(value)) return String(value)
  let exact = 0n
  for (let at = cursor.at - 1; at >= from; at -= 1) exact = (exact << 7n) | BigInt((cursor.bytes[at] as number) & 127)
  return String(exact)
}

/** Where what comes next ends: a text, or a message in this one. */
export const readEnd = (cursor: Cursor): number => {
  const end = readVarint(cursor) + cursor.at
  if (end > cursor.bytes.length) throw new Error(BROKEN)
  return end
}

export const readText = (cursor: Cursor): string => {
  const end = readEnd(cursor)
  const text = cursor.bytes.toString('utf8', cursor.at, end)
  cursor.at = end
  return text
}

/** A copy of the text that comes next, as bytes; the cursor stays before it. */
export const peekBytes = ({ bytes, at }: Cursor): Uint8Array<ArrayBuffer> => {
  const ahead = { bytes, at }
  const end = readEnd(ahead)
  return new Uint8Array(bytes.subarray(ahead.at, end))
}

/** The number that comes next, exactly; the cursor stays before it. */
export const peekNumber = ({ bytes, at }: Cursor): bigint => BigInt(readDigits({ bytes, at }))

/** What `read` makes of field `wanted` of a message in this one; '' where it is left out. */
export const readInner = (cursor: Cursor, wanted: number, read: (cursor: Cursor) => string): string => {
  const end = readEnd(cursor)
  let found = ''
  while (cursor.at < end) {
    const tag = readVarint(cursor)
    if (tag === wanted) found = read(cursor)
    else skip(cursor, tag)
  }
  return found
}

/** Passes over a field that is not wanted. */
export const skip = (cursor: Cursor, tag: number): void => {
  switch (tag & 7) {
    case VARINT:
      readVarint(cursor)
      return
    case FIXED_64:
      cursor.at += 8
      return
    case TEXT:
      cursor.at = readEnd(cursor)
      return
    case FIXED_32:
      cursor.at += 4
      return
    default:
      throw new Error(BROKEN)
  }
}

/** What has been written of a message, from its end to its beginning: so the length of each part is known when it is due. */
export type Writer = { readonly bytes: Buffer; at: number }

/** `room`: as many bytes as it may take, or more. */
export const writer = (room: number): Writer => ({ bytes: Buffer.allocUnsafe(room), at: room })

export const written = ({ bytes, at }: Writer): Buffer => bytes.subarray(at)

export const putVarint = (writer: Writer, value: number): void => {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1
  writer.at -= size
  let rest = value
  for (let at = writer.at; at < writer.at + size - 1; at += 1) {
    writer.bytes[at] = (rest % 128) + 128
    rest = Math.floor(rest / 128)
  }
  writer.bytes[writer.at + size - 1] = rest
}

/** Puts `tag` and a length before what was written since it stood at `end`. */
export const putHead = (writer: Writer, tag: number, end: number): void => {
  putVarint(writer, end - writer.at)
  putVarint(writer, tag)
}

export const putText = (writer: Writer, tag: number, text: string): void => {
  const end = writer.at
  writer.at -= Buffer.byteLength(text)
  writer.bytes.write(text, writer.at)
  putHead(writer, tag, end)
}

const VARINT = 0
const FIXED_64 = 1
const TEXT = 2
const FIXED_32 = 5

/** The tags of field `number`, by what it holds. */
export const numberField = (number: number): number => number * 8 + VARINT
export const textField = (number: number): number => number * 8 + TEXT

const BROKEN = 'a message of EventStoreDB that does not follow the encoding of Protocol Buffers'
