import { statSync } from 'node:fs'
import { join } from 'node:path'
import { array, assert as hold, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { positionText } from '../../../src/event-store/event-store.ts'
import { toHex } from '../../../src/trust/formats/bytes.ts'
import { packPositions, unpackPositions } from '../../../src/trust/sqlite/packed-positions.ts'
import { openTreeFile } from '../../../src/trust/sqlite/tree-file.ts'
import { hashOfLeaf } from '../../../src/trust/tree/hashes.ts'
import { consistencyProof, inclusionProof, rootAt } from '../../../src/trust/tree/proofs.ts'
import type { NewLeaf, TreeStore } from '../../../src/trust/tree/tree-store.ts'
import { isConsistent, isIncluded } from '../../../src/trust/tree/verify.ts'
import { testDirectory } from '../../support/stores.ts'

const leavesOf = (from: number, count: number): readonly NewLeaf[] =>
  Array.from({ length: count }, (_, i) => ({
    position: positionText(3 * (from + i) + 2),
    hash: hashOfLeaf(Buffer.from(`leaf ${from + i}`)),
  }))

const opened = (path: string, access: 'read' | 'write' = 'write'): TreeStore => {
  const result = openTreeFile(path, access)
  if (result._tag === 'Left') throw new Error(result.left.detail)
  return result.right
}

const rootOf = (tree: TreeStore): string => toHex(rootAt(tree, tree.size()))

test('however leaves are divided into appends, the tree is the same', () => {
  const whole = opened(join(testDirectory(), 'tree.db'))
  whole.append(leavesOf(0, 1_500))
  hold(
    property(array(integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      const tree = opened(join(testDirectory(), 'tree.db'))
      for (const size of [...sizes, 1_500]) tree.append(leavesOf(tree.size(), Math.min(size, 1_500 - tree.size())))
      expect(rootOf(tree)).toBe(rootOf(whole))
      expect(tree.lastPosition()).toBe(whole.lastPosition())
      tree.close()
    }),
    { numRuns: 10 },
  )
  whole.close()
})

test('proofs from a stored tree hold, also against trees that were smaller', async () => {
  const tree = opened(join(testDirectory(), 'tree.db'))
  tree.append(leavesOf(0, 700))
  const treeAt = (size: number) => ({ size, root: rootAt(tree, size) })
  for (const [first, second] of [
    [1, 700],
    [255, 256],
    [256, 257],
    [300, 699],
    [512, 700],
  ] as const) {
    expect(await isConsistent(treeAt(first), treeAt(second), consistencyProof(tree, first, second))).toBe(true)
    const index = first - 1
    const path = inclusionProof(tree, index, second)
    const { hash } = leavesOf(index, 1)[0] as NewLeaf
    expect(await isIncluded({ hash, index, path, ...treeAt(second) })).toBe(true)
  }
  tree.close()
})

test('a leaf is found by the position of its event, and by no other position', () => {
  const tree = opened(join(testDirectory(), 'tree.db'))
  expect(tree.indexAt(positionText(2))).toBe(null)
  tree.append(leavesOf(0, 700))
  for (const index of [0, 1, 255, 256, 511, 699]) expect(tree.indexAt(positionText(3 * index + 2))).toBe(index)
  for (const position of [0, 1, 3, 3 * 699 + 3, 9_999]) expect(tree.indexAt(positionText(position))).toBe(null)
  expect(tree.positionsOf(2)).toHaveLength(700 - 512)
  tree.close()
})

test('it survives being closed, and a reader sees what was committed', () => {
  const path = join(testDirectory(), 'tree.db')
  const writer = opened(path)
  writer.append(leavesOf(0, 300))
  const reader = opened(path, 'read')
  writer.append(leavesOf(300, 300))
  expect([reader.size(), rootOf(reader)]).toEqual([600, rootOf(writer)])
  const checkpoint = {
    size: 600,
    root: hashOfLeaf(Buffer.of(1)),
    note: 'o\n600\n…',
    signed_at: '2026-11-29T00:00:00.000Z',
  }
  writer.putCheckpoint(checkpoint)
  expect(reader.newestCheckpoint()).toEqual(checkpoint)
  expect(reader.checkpoint(599)).toBe(null)
  for (const tree of [writer, reader]) tree.close()
  const again = opened(path)
  expect([again.size(), again.lastPosition()]).toEqual([600, positionText(3 * 599 + 2)])
  again.close()
})

test('a missing file is no tree to read, and another file is none at all', () => {
  const path = join(testDirectory(), 'tree.db')
  expect(openTreeFile(path, 'read')).toMatchObject({ left: { _tag: 'TreeMissing' } })
  opened(path).close()
  expect(statSync(path).size).toBeGreaterThan(0)
  expect(openTreeFile(import.meta.filename, 'read')).toMatchObject({ left: { _tag: 'TreeDamaged' } })
})

test('positions come back as they were packed', () => {
  const growing = array(integer({ min: 0, max: 2 ** 40 }), { maxLength: 256 }).map((steps) => {
    let position = 0
    return steps.map((step) => {
      position += step
      return position
    })
  })
  hold(
    property(growing, (positions) => {
      expect(unpackPositions(packPositions(positions))).toEqual(positions)
    }),
  )
  expect(packPositions([1, 2, 3])).toEqual(Uint8Array.of(1, 1, 1))
})
