/** Hashes of the tree as the log computes them, on Node and without waiting. */
import { hash } from 'node:crypto'
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
  return { data: hmac(nonce, data), metadata: hmac(nonce, metadata) }
}

/**
 * HMAC-SHA256 under a key of at most 64 bytes (RFC 2104) by plain hashes. Node's own makes an object of the key for each message,
 * which took most of the time of a leaf.
 */
const hmac = (key: Uint8Array, message: Uint8Array): TreeHash => {
  for (let at = 0; at < HMAC_BLOCK; at += 1) {
    const byte = key[at] ?? 0
    innerPad[at] = 0x36 ^ byte
    outerPad[at] = 0x5c ^ byte
  }
  return sha256(outerPad, sha256(innerPad, message))
}

const HMAC_BLOCK = 64
const innerPad = new Uint8Array(HMAC_BLOCK)
const outerPad = new Uint8Array(HMAC_BLOCK)

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

const hashed = (prefix: 0 | 1, ...parts: readonly Uint8Array[]): TreeHash => sha256(PREFIXES[prefix], ...parts)

const PREFIXES = [new Uint8Array([0]), new Uint8Array([1])] as const

const sha256 = (...parts: readonly Uint8Array[]): TreeHash => {
  const bytes = joined(parts)
  const characters = hash('sha256', bytes, 'binary')
  const digest = new Uint8Array(characters.length)
  for (let at = 0; at < digest.length; at += 1) digest[at] = characters.charCodeAt(at)
  return digest
}

// A leaf takes five hashes, and memory outside V8's heap costs as much as a hash: what is hashed is put together in one place, and a text
// brings the digest.
let scratch = new Uint8Array(4_096)

const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  if (length > scratch.length) scratch = new Uint8Array(2 * length)
  let at = 0
  for (const part of parts) {
    scratch.set(part, at)
    at += part.length
  }
  return scratch.subarray(0, length)
}
