/** Hashes of the tree as the log computes them, on Node and without waiting. */
import { createHmac, hash } from 'node:crypto'
import { type Commitments, type LeafEvent, leafOf, nonceOf } from '../formats/leaf.ts'
import { type Range, splitOf } from './ranges.ts'

/** 32 bytes. */
export type TreeHash = Uint8Array<ArrayBuffer>

/** RFC 9162, section 2.1.1. */
export const hashOfLeaf = (leaf: Uint8Array): TreeHash => hashed(0, leaf)
export const hashOfNode = (left: Uint8Array, right: Uint8Array): TreeHash => hashed(1, left, right)
/** The root of a tree without leaves. */
export const EMPTY_ROOT: TreeHash = new Uint8Array(hash('sha256', new Uint8Array(0), 'buffer'))

export const commitmentsOf = ({ data, metadata }: Pick<LeafEvent, 'data' | 'metadata'>): Commitments => {
  const nonce = nonceOf(metadata)
  const commit = (bytes: Uint8Array) => createHmac('sha256', nonce).update(bytes).digest()
  return { data: commit(data), metadata: commit(metadata) }
}

export const hashOfEvent = (event: LeafEvent): TreeHash => hashOfLeaf(leafOf(event, commitmentsOf(event)))

/** Looks up the hash of a whole subtree: 2^`height` leaves from `index` · 2^`height` on. */
export type HashOfSubtree = (height: number, index: number) => TreeHash

/** The hash of the tree over `range`, one of those that `inclusionRanges` and `consistencyRanges` return, or a whole tree. */
export const hashOfRange = ({ from, to }: Range, hashOfSubtree: HashOfSubtree): TreeHash => {
  const leaves = to - from
  if (leaves === 0) return EMPTY_ROOT
  const height = Math.log2(leaves)
  if (Number.isInteger(height)) return hashOfSubtree(height, from / leaves)
  const middle = from + splitOf(leaves)
  return hashOfNode(hashOfRange({ from, to: middle }, hashOfSubtree), hashOfRange({ from: middle, to }, hashOfSubtree))
}

const hashed = (prefix: 0 | 1, ...parts: readonly Uint8Array[]): TreeHash => {
  const bytes = new Uint8Array(1 + parts.reduce((sum, { length }) => sum + length, 0))
  bytes[0] = prefix
  let at = 1
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}
