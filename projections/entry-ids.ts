/** The numbers by which entries are found by their command and correlation ids. */
import { crc32 } from 'node:zlib'
import type { Entry } from './audit-entry.ts'

/**
 * A number for an id, up to 2^53: an index of these takes a fourth of the space of one of the ids. Of a UUIDv7 (RFC 9562) it
 * begins with the time, in units of 64 ms: ids made one after the other stand together in the index, where a commit would
 * otherwise write one page for each of them.
 */
export const hashOf = (id: string): number => {
  const hash = crc32(id)
  if (!UUID_V7.test(id)) return hash
  const made_at = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
  return Math.floor(made_at / 64) * 2 ** HASH_BITS + (hash % 2 ** HASH_BITS)
}

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i

// A time of 48 bits in units of 64 ms leaves as many of the 53 that a number holds.
const HASH_BITS = 11

/** The hashes by which an entry is found, each once. */
export const hashesOf = ({
  command_id,
  correlation_id,
}: Pick<Entry, 'command_id' | 'correlation_id'>): readonly number[] => {
  const hashes = command_id === null ? [] : [hashOf(command_id)]
  if (correlation_id === null || correlation_id === command_id) return hashes
  const hash = hashOf(correlation_id)
  return hash === hashes[0] ? hashes : [...hashes, hash]
}
