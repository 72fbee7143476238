/**
 * The command ids that a run has seen, by revision: a hash of four bytes each, so that a long run costs little memory. Two ids
 * may share a hash; only the event at the revision says whether it is the command's own.
 */
import { random16 } from '../lib/random.ts'

/** Mutable. `hashes` has room for more than the `size` revisions it holds. */
export type CommandIndex = { hashes: Uint32Array<ArrayBuffer>; size: number }

export const emptyIndex = (): CommandIndex => ({ hashes: new Uint32Array(FIRST_ROOM), size: 0 })

/** Notes the command of the next revision. */
export const noteCommand = (index: CommandIndex, command_id: string): void => {
  if (index.size === index.hashes.length) {
    const larger = new Uint32Array(Math.ceil(index.size * 1.5))
    larger.set(index.hashes)
    index.hashes = larger
  }
  index.hashes[index.size] = hashOf(command_id)
  index.size += 1
}

/** The first revision after `after` whose event may be the command's; -1 where there is none. */
export const findCommand = ({ hashes, size }: CommandIndex, command_id: string, after: number): number => {
  const found = hashes.indexOf(hashOf(command_id), after + 1)
  return found < size ? found : -1
}

// V8 holds typed arrays of up to 64 bytes inside the object.
const FIRST_ROOM = 16

// Other in each process, so that nobody can prepare ids that share a hash and cost a read each.
const SEED = random16().readUInt32LE()

/** FNV-1a, 32 bits. */
export const hashOf = (text: string): number => {
  let hash = SEED
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
