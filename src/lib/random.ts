/** Random bytes, asked of the system for many uses at once: 16 at a time cost more than all else that a command's ids take. */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(256 * 16)
let used = pool.length

/** 128 random bits. The bytes are valid for the next hundred calls or so: copy them to keep them longer. */
export const random16 = (): Buffer => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return pool.subarray(used - 16, used)
}
