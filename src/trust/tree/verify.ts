/** Checks Merkle proofs (RFC 9162, sections 2.1.3.2 and 2.1.4.2), in Node and in browsers. */
import { concat, isSameBytes } from '../formats/bytes.ts'

export type Hash = Uint8Array<ArrayBuffer>

export const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Hash> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** RFC 9162, section 2.1.1. */
export const leafHash = (leaf: Uint8Array): Promise<Hash> => sha256(concat(LEAF, leaf))

const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Hash> => sha256(concat(NODE, left, right))

/** Whether `path` proves that a leaf of this hash stands at `index` in the tree of `size` leaves under `root`. */
export const isIncluded = async (
  proof: Readonly<{ hash: Hash; index: number; size: number; path: readonly Hash[]; root: Hash }>,
): Promise<boolean> => {
  const { index, size, path, root } = proof
  if (!isCount(index) || !isCount(size) || index >= size) return false
  const sides = sidesOf(index, size - 1, path.length)
  if (sides === null) return false
  let { hash } = proof
  for (const [i, sibling] of path.entries())
    hash = await (sides[i] === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling))
  return isSameBytes(hash, root)
}

export type Tree = Readonly<{ size: number; root: Hash }>

/** Whether `path` proves that `first` is a prefix of `second`. The empty tree is a prefix of every tree. */
export const isConsistent = async (first: Tree, second: Tree, path: readonly Hash[]): Promise<boolean> => {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return false
  if (first.size === 0) return path.length === 0 && isSameBytes(first.root, await sha256(new Uint8Array(0)))
  if (first.size === second.size) return path.length === 0 && isSameBytes(first.root, second.root)
  return isProperPrefix(first, second, path)
}

const isProperPrefix = async (first: Tree, second: Tree, path: readonly Hash[]): Promise<boolean> => {
  let at = first.size - 1
  let last = second.size - 1
  for (; at % 2 === 1; at = half(at)) last = half(last)
  // Where the first tree is a whole subtree of the second, its root is not repeated in the path.
  const [start, ...siblings] = at === 0 ? [first.root, ...path] : path
  const sides = sidesOf(at, last, siblings.length)
  if (start === undefined || sides === null) return false
  let before = start
  let after = start
  for (const [i, sibling] of siblings.entries())
    if (sides[i] === 'left') {
      before = await nodeHash(sibling, before)
      after = await nodeHash(sibling, after)
    } else after = await nodeHash(after, sibling)
  return isSameBytes(before, first.root) && isSameBytes(after, second.root)
}

/**
 * On which side of the hash so far each of `length` siblings stands, from node `index` up, in a level whose last node is
 * `last`. Null where that many do not lead to the root.
 */
const sidesOf = (index: number, last: number, length: number): readonly ('left' | 'right')[] | null => {
  const sides: ('left' | 'right')[] = []
  let [at, end] = [index, last]
  for (; sides.length < length; at = half(at), end = half(end)) {
    if (end === 0) return null
    const isRight = at % 2 === 1 || at === end
    sides.push(isRight ? 'left' : 'right')
    // The last node of a level may be lifted through several levels in which it has no sibling.
    if (isRight) for (; at % 2 === 0 && at !== 0; end = half(end)) at = half(at)
  }
  return end === 0 ? sides : null
}

const half = (number: number): number => Math.floor(number / 2)

const isCount = (number: number): boolean => Number.isSafeInteger(number) && number >= 0
