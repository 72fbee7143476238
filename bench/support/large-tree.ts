/** A tree of many leaves, made once and kept: their hashes are random, as those of events are to whoever lacks them. */
import { randomFillSync } from 'node:crypto'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { positionText } from '../../src/event-store/event-store.ts'
import { openTreeFile } from '../../src/trust/sqlite/tree-file.ts'
import type { NewLeaf, TreeStore } from '../../src/trust/tree/tree-store.ts'
import type { Bench } from '../measure.ts'

const BATCH = 4_096

/** The path of a tree of `leaves` leaves. */
export const largeTree = ({ cache, say }: Pick<Bench, 'cache' | 'say'>, leaves: number): string => {
  const path = join(cache, `tree-${leaves}.db`)
  if (existsSync(path)) return path
  say(`making a tree of ${leaves} leaves`)
  const fresh = `${path}.new`
  for (const suffix of ['', '-wal', '-shm']) rmSync(fresh + suffix, { force: true })
  const tree = openedTree(fresh, 'write')
  for (let from = 0; from < leaves; from += BATCH) tree.append(leavesFrom(from, Math.min(BATCH, leaves - from)))
  tree.close()
  renameSync(fresh, path)
  return path
}

const leavesFrom = (from: number, count: number): readonly NewLeaf[] => {
  const bytes = randomFillSync(new Uint8Array(32 * count))
  return Array.from({ length: count }, (_, i) => ({
    position: positionText(from + i + 1),
    hash: bytes.slice(32 * i, 32 * (i + 1)),
  }))
}

export const openedTree = (path: string, access: 'read' | 'write'): TreeStore => {
  const opened = openTreeFile(path, access)
  if (opened._tag === 'Left') throw new Error(opened.left.detail)
  return opened.right
}
