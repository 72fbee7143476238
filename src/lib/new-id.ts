/** Ids for what comes without one. They need the clock and randomness, so the interfaces make them, not the domain. */
import { v7 } from 'uuid'
import { random16 } from './random.ts'

/** A new id, UUIDv7 (RFC 9562, section 5.7): those of one process sort in the order in which they were made. */
export const newId = (): string => {
  const random = random16()
  const now = Date.now()
  if (now > last.msecs) last = { msecs: now, seq: random.readUInt16LE() * 2 ** 15 }
  else last = { msecs: last.msecs, seq: last.seq + 1 }
  return v7({ random, ...last })
}

let last = { msecs: 0, seq: 0 }
