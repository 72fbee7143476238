import { hash } from 'node:crypto'
import { asyncProperty, assert as hold, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { concat, toHex } from '../../../src/trust/formats/bytes.ts'
import { EMPTY_ROOT, hashOfLeaf, hashOfRange, type TreeHash } from '../../../src/trust/tree/hashes.ts'
import { consistencyRanges, inclusionRanges } from '../../../src/trust/tree/ranges.ts'
import { hashOfTile, subtreesOfTiles, tilePath, tileWidth } from '../../../src/trust/tree/tiles.ts'
import { isConsistent, isIncluded, leafHash } from '../../../src/trust/tree/verify.ts'

// The reference leaves and roots of Certificate Transparency's own tests (RFC 6962).
const REFERENCE_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const REFERENCE_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

/** RFC 6962, section 2.1, written as it defines the tree: slow, and sharing nothing with what is tested. */
const definedRoot = (leaves: readonly Uint8Array[]): Buffer => {
  if (leaves.length === 0) return hash('sha256', Buffer.alloc(0), 'buffer')
  if (leaves.length === 1) return hash('sha256', Buffer.concat([Buffer.of(0), leaves[0] as Uint8Array]), 'buffer')
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return hash(
    'sha256',
    Buffer.concat([Buffer.of(1), definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k))]),
    'buffer',
  )
}

const leavesOf = (size: number) => Array.from({ length: size }, (_, i) => Buffer.from(`leaf ${i}`))

/** The tiles of a tree, as a log stores them. */
const tilesOf = (leaves: readonly Uint8Array[]) => {
  const levels: TreeHash[][] = [leaves.map((leaf) => hashOfLeaf(leaf))]
  for (let below = levels[0] as TreeHash[]; below.length >= 256; ) {
    const whole = Math.floor(below.length / 256)
    const hashes = below
    below = Array.from({ length: whole }, (_, n) => hashOfTile(concat(...hashes.slice(n * 256, (n + 1) * 256))))
    levels.push(below)
  }
  return subtreesOfTiles(({ level, n }) => concat(...(levels[level] ?? []).slice(n * 256, (n + 1) * 256)))
}

test('the roots are those of the RFC 6962 reference trees', () => {
  const leaves = REFERENCE_LEAVES.map((hex) => Buffer.from(hex, 'hex'))
  expect(toHex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  for (const [i, root] of REFERENCE_ROOTS.entries())
    expect(toHex(hashOfRange({ from: 0, to: i + 1 }, tilesOf(leaves.slice(0, i + 1))))).toBe(root)
})

test('a root computed from tiles is the one that the RFC defines, over several levels of tiles', () => {
  const leaves = leavesOf(70_000)
  const subtrees = tilesOf(leaves)
  for (const size of [1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000])
    expect(toHex(hashOfRange({ from: 0, to: size }, subtrees))).toBe(toHex(definedRoot(leaves.slice(0, size))))
})

test('every leaf of every small tree has a proof that holds, and for no other index, size or root', async () => {
  const leaves = leavesOf(40)
  const subtrees = tilesOf(leaves)
  for (let size = 1; size <= leaves.length; size += 1)
    for (let index = 0; index < size; index += 1) {
      const path = inclusionRanges(index, size).map((range) => hashOfRange(range, subtrees))
      const root = hashOfRange({ from: 0, to: size }, subtrees)
      const proof = { hash: await leafHash(leaves[index] as Buffer), index, size, path, root }
      expect(await isIncluded(proof)).toBe(true)
      expect(await isIncluded({ ...proof, hash: hashOfLeaf(Buffer.from('another')) })).toBe(false)
      expect(await isIncluded({ ...proof, path: [...path, root] })).toBe(false)
      expect(await isIncluded({ ...proof, path: path.slice(1) })).toBe(size === 1 && path.length === 0)
      if (size > 1) expect(await isIncluded({ ...proof, index: (index + 1) % size })).toBe(false)
    }
})

test('every small tree is shown to be a prefix of every larger one, and of no other', async () => {
  const subtrees = tilesOf(leavesOf(40))
  const treeOf = (size: number) => ({ size, root: hashOfRange({ from: 0, to: size }, subtrees) })
  for (let first = 0; first <= 40; first += 1)
    for (let second = first; second <= 40; second += 1) {
      const path = consistencyRanges(first, second).map((range) => hashOfRange(range, subtrees))
      expect(await isConsistent(treeOf(first), treeOf(second), path)).toBe(true)
      expect(await isConsistent(treeOf(first), treeOf(second), [...path, EMPTY_ROOT])).toBe(false)
      if (first > 0) expect(await isConsistent({ size: first, root: EMPTY_ROOT }, treeOf(second), path)).toBe(false)
    }
})

test('proofs hold in large trees, whatever their sizes', async () => {
  const leaves = leavesOf(3_000)
  const subtrees = tilesOf(leaves)
  const treeOf = (size: number) => ({ size, root: hashOfRange({ from: 0, to: size }, subtrees) })
  const sizes = integer({ min: 1, max: 3_000 })
  await hold(
    asyncProperty(sizes, sizes, async (one, other) => {
      const [first, second] = [Math.min(one, other), Math.max(one, other)]
      const consistency = consistencyRanges(first, second).map((range) => hashOfRange(range, subtrees))
      expect(await isConsistent(treeOf(first), treeOf(second), consistency)).toBe(true)
      const path = inclusionRanges(first - 1, second).map((range) => hashOfRange(range, subtrees))
      const { root, size } = treeOf(second)
      expect(
        await isIncluded({ hash: hashOfLeaf(leaves[first - 1] as Buffer), index: first - 1, size, path, root }),
      ).toBe(true)
    }),
  )
})

test('a tile is named as C2SP tlog-tiles names it', () => {
  expect(tilePath({ level: 0, n: 1_234_067 }, 256)).toBe('0/x001/x234/067')
  expect(tilePath({ level: 1, n: 0 }, 17)).toBe('1/000.p/17')
  expect(tilePath({ level: 'entries', n: 273 }, 112)).toBe('entries/273.p/112')
  hold(
    property(
      integer({ min: 0, max: 10_000_000 }),
      (size) => tileWidth({ level: 0, n: Math.floor(size / 256) }, size) === size % 256,
    ),
  )
  expect([0, 1, 2].map((level) => tileWidth({ level, n: [273, 1, 0][level] as number }, 70_000))).toEqual([112, 17, 1])
})
