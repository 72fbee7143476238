/** Cuts a stream of bytes into lines, without reading them as text and without ever holding an endless one. */

/** A line that is not blank. `bytes`, without the line's end, is null where the line is longer than is taken. */
export type Line = Readonly<{ number: number; bytes: Buffer | null }>

export type LineSplitter = Readonly<{
  /** The lines that end inside `chunk`. They may share its memory. */
  push: (chunk: Buffer) => readonly Line[]
  /** The last line, where the stream ends without a line's end. */
  end: () => readonly Line[]
}>

/**
 * Lines end in LF or CRLF and are numbered from 1; blank ones count but are left out. A byte order mark before the
 * first line is skipped (RFC 8259, section 8.1). A line of more than `maxBytes` is reported without its text.
 */
export const lineSplitter = (maxBytes: number): LineSplitter => {
  let number = 0
  /** The beginning of a line whose end is not there yet, and how long it is; of one that is too long, only the length. */
  let parts: Buffer[] = []
  let length = 0

  const keep = (part: Buffer): void => {
    length += part.length
    if (isTooLong(length)) parts = []
    else parts.push(part)
  }

  // One byte more than is taken may be the CR of the line's end.
  const isTooLong = (bytes: number): boolean => bytes > maxBytes + 1

  const finish = (last: Buffer, lines: Line[]): void => {
    number += 1
    let whole = last
    if (length > 0) {
      keep(last)
      whole = Buffer.concat(parts)
    } else length = last.length
    const bytes = isTooLong(length) ? null : trimmed(whole, number)
    parts = []
    length = 0
    if (bytes === null || bytes.length > maxBytes) lines.push({ number, bytes: null })
    else if (!isBlank(bytes)) lines.push({ number, bytes })
  }

  const push = (chunk: Buffer): readonly Line[] => {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      finish(chunk.subarray(start, end), lines)
      start = end + 1
    }
    if (start < chunk.length) keep(chunk.subarray(start))
    return lines
  }

  const end = (): readonly Line[] => {
    const lines: Line[] = []
    if (length > 0) finish(EMPTY, lines)
    return lines
  }

  return { push, end }
}

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const EMPTY = Buffer.alloc(0)

const trimmed = (line: Buffer, number: number): Buffer => {
  const start = number === 1 && line.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0
  const end = line.length > start && line[line.length - 1] === CR ? line.length - 1 : line.length
  return line.subarray(start, end)
}

const isBlank = (line: Buffer): boolean => {
  // Most lines are seen not to be blank by their first byte.
  for (const byte of line) if (byte !== SPACE && byte !== TAB && byte !== CR) return false
  return true
}
