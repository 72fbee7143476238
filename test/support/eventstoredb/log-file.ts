/** The file of a stand-in's log: its records one after another, each a length and the bytes of its read response. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LogRecord } from './records.ts'
import { eventResponse, recordOf } from './wire.ts'

export type LogFile = Readonly<{
  /** What the file held when it was opened. */
  stored: readonly LogRecord[]
  /** Hands the records to the operating system: they outlive this process, though not the machine. */
  store: (records: readonly LogRecord[]) => void
  close: () => void
}>

/** Opens `directory/log`; what a killed process left half written at its end goes. */
export const openLogFile = (directory: string): LogFile => {
  mkdirSync(directory, { recursive: true })
  const file = openSync(join(directory, 'log'), 'a+')
  const bytes = readFileSync(file)
  const stored: LogRecord[] = []
  let offset = 0
  while (offset + 4 <= bytes.length) {
    const end = offset + 4 + bytes.readUInt32BE(offset)
    if (end > bytes.length) break
    stored.push(recordOf(bytes.subarray(offset + 4, end)))
    offset = end
  }
  if (offset < bytes.length) ftruncateSync(file, offset)
  return {
    stored,
    store: (records) => {
      const parts: Uint8Array[] = []
      for (const record of records) {
        const encoded = eventResponse(record, undefined).serializeBinary()
        const length = Buffer.alloc(4)
        length.writeUInt32BE(encoded.length)
        parts.push(length, encoded)
      }
      const all = Buffer.concat(parts)
      for (let written = 0; written < all.length; ) written += writeSync(file, all, written)
    },
    close: () => closeSync(file),
  }
}
