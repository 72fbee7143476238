/** A line of the access log: who read or sent what, and the hash of the line before it. */
import { createHash } from 'node:crypto'

/** What a line says of a request. Never a body, a secret, or the value of a parameter that may hold personal data. */
export type RequestFields = Readonly<{
  principal: string | null
  credential: string | null
  method: string
  route: string
  run_id: string | null
  query: string | null
  status: number | null
  problem: string | null
  rows: number | null
  bytes: number | null
  position: string | null
  request_id: string
  /** The client left before the end of its answer. */
  aborted?: true
}>

export type StartFields = Readonly<{ log_id: string; pid: number; version: string; torn: boolean }>

export type DroppedFields = Readonly<{ lines: number }>

/**
 * `request`: one that is over. `begin` and `end`: of an answer that hands out much, such as an export, before its first byte and
 * after its last. `start`: a process begins to write. `dropped`: so many lines could not be stored before this one.
 */
export type LineFields =
  | (Readonly<{ kind: 'request' | 'begin' | 'end' }> & RequestFields)
  | (Readonly<{ kind: 'start' }> & StartFields)
  | (Readonly<{ kind: 'dropped' }> & DroppedFields)

/** Where a chain stands: how many lines it has, and the hash of the last; null before the first. */
export type ChainHead = Readonly<{ lines: number; hash: string | null }>

export const START_OF_CHAIN: ChainHead = { lines: 0, hash: null }

/** The text of a line without its end, and the chain after it. `time` is RFC 3339 in UTC. */
export const chained = (
  { lines, hash }: ChainHead,
  time: string,
  fields: LineFields,
): Readonly<{ text: string; head: ChainHead }> => {
  const text = JSON.stringify({ time, ...fields, line: lines + 1, previous: hash })
  return { text, head: { lines: lines + 1, hash: hashOf(text) } }
}

/** SHA-256 of a line without its end, in hexadecimal. */
export const hashOf = (line: string | Uint8Array): string => createHash('sha256').update(line).digest('hex')
