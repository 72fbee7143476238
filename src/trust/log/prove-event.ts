/** Proofs of events of the log against the newest signed checkpoint. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore, ReadFailure, StoredEvent } from '../../event-store/event-store.ts'
import { isSameBytes } from '../formats/bytes.ts'
import { leafOf } from '../formats/leaf.ts'
import { proofText } from '../formats/proof.ts'
import { commitmentsOf, hashOfLeaf } from '../tree/hashes.ts'
import { inclusionProof } from '../tree/proofs.ts'
import { HASH_BYTES, TILE_WIDTH } from '../tree/tiles.ts'
import type { SignedCheckpoint, TreeStore } from '../tree/tree-store.ts'
import { leafEventOf } from './leaf-event.ts'

/** `text`: the `.tlog-proof`. */
export type EventProof = Readonly<{ index: number; checkpoint: SignedCheckpoint; text: string }>

/**
 * `NotSignedYet`: no signed checkpoint covers the event; `signed`: how many events the newest one covers. `NotOfTree`: the log
 * holds another event than the one that the tree was built of.
 */
export type ProofFailure =
  | ReadFailure
  | Readonly<{ _tag: 'NoSuchEvent' }>
  | Readonly<{ _tag: 'NotSignedYet'; signed: number }>
  | Readonly<{ _tag: 'NotOfTree'; index: number }>

export type Log = Readonly<{ tree: TreeStore; store: EventStore }>

/** The proof that the event of a run at this revision is in the log, against its newest checkpoint. */
export const proveEvent =
  ({ tree, store }: Log) =>
  (run_id: string, revision: number): TE.TaskEither<ProofFailure, EventProof> =>
    pipe(
      store.readStream(run_id, { from: revision, direction: 'forward', limit: 1, withBytes: true }),
      TE.flatMapEither(({ events: [event] }) =>
        event === undefined || event.revision !== revision
          ? E.left<ProofFailure, StoredEvent>({ _tag: 'NoSuchEvent' })
          : E.right(event),
      ),
      TE.flatMapEither((event) => proofOf(tree, tree.newestCheckpoint(), event)),
    )

/** The proof of `event`, which was read with its bytes, against `checkpoint`. */
export const proofOf = (
  tree: TreeStore,
  checkpoint: SignedCheckpoint | null,
  event: StoredEvent,
): E.Either<ProofFailure, EventProof> => {
  const index = tree.indexAt(event.position)
  if (checkpoint === null || index === null || index >= checkpoint.size)
    return E.left({ _tag: 'NotSignedYet', signed: checkpoint?.size ?? 0 })
  const leafEvent = leafEventOf(event)
  const leaf = leafOf(leafEvent, commitmentsOf(leafEvent))
  if (!isSameBytes(hashOfLeaf(leaf), leafHashAt(tree, index))) return E.left({ _tag: 'NotOfTree', index })
  const path = inclusionProof(tree, index, checkpoint.size)
  return E.right({ index, checkpoint, text: proofText({ extra: leaf, index, path, checkpoint: checkpoint.note }) })
}

const leafHashAt = (tree: TreeStore, index: number): Uint8Array => {
  const tile = tree.tile({ level: 0, n: Math.floor(index / TILE_WIDTH) })
  const at = (index % TILE_WIDTH) * HASH_BYTES
  return tile?.subarray(at, at + HASH_BYTES) ?? new Uint8Array(0)
}
