/** The root of a tree that is made leaf by leaf, without storing it. */
import { EMPTY_ROOT, hashOfNode, type TreeHash } from './hashes.ts'

export type GrowingRoot = Readonly<{
  add: (leaf: TreeHash) => void
  root: () => TreeHash
}>

export const growingRoot = (): GrowingRoot => {
  // The roots of whole subtrees, the largest first: one for each 1 in the binary form of the size.
  const subtrees: TreeHash[] = []
  let size = 0
  return {
    add: (leaf) => {
      let hash = leaf
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) hash = hashOfNode(subtrees.pop() as TreeHash, hash)
      subtrees.push(hash)
      size += 1
    },
    root: () => (size === 0 ? EMPTY_ROOT : subtrees.reduceRight((right, left) => hashOfNode(left, right))),
  }
}
