/** The file of a stand-in's log: writes one after another, each whole or not there. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LogRecord } from './records.ts'
import { recordFrom } from './wire.ts'

export type LogFile = Readonly<{
  /** What the file held when it was opened. */
  stored: readonly LogRecord[]
  /** Hands one write to the operating system: it outlives this process, though not the machine. */
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
    for (let at = offset + 4; at < end; ) {
      const from = at + RECORD_HEAD
      const to = from + bytes.readUInt32BE(at)
      stored.push(recordFrom(bytes.subarray(from, to), Number(bytes.readBigUInt64BE(at + 4))))
      at = to
    }
    offset = end
  }
  if (offset < bytes.length) ftruncateSync(file, offset)
  return {
    stored,
    store: (records) => {
      const parts: Buffer[] = [Buffer.alloc(4)]
      for (const { response, next } of records) {
        const head = Buffer.alloc(RECORD_HEAD)
        head.writeUInt32BE(response.length)
        head.writeBigUInt64BE(BigInt(next), 4)
        parts.push(head, response)
      }
      const all = Buffer.concat(parts)
      all.writeUInt32BE(all.length - 4)
      for (let written = 0; written < all.length; ) written += writeSync(file, all, written)
    },
    close: () => closeSync(file),
  }
}

/** The length of a record's response, and where the next record begins. */
const RECORD_HEAD = 4 + 8
