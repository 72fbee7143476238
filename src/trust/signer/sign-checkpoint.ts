/** Signs the tree as it is now, or refuses: a log never signs two trees of which neither is a prefix of the other. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { checkpointText } from '../formats/checkpoint.ts'
import { noteText } from '../formats/note.ts'
import { type SigningKey, sign } from '../formats/signing.ts'
import { consistencyProof, rootAt } from '../tree/proofs.ts'
import type { SignedCheckpoint, TreeStore } from '../tree/tree-store.ts'
import { isConsistent } from '../tree/verify.ts'
import { readSigningState, type StateUnusable, writeSigningState } from './signing-state.ts'

/** Why nothing is signed. `detail` says what to do. */
export type SigningRefused = StateUnusable | Readonly<{ _tag: 'SigningRefused'; detail: string }>

export type Signer = Readonly<{
  /** The log's name, the first line of its checkpoints. */
  origin: string
  /** Mostly one; two while a key is rotated. */
  keys: readonly SigningKey[]
  /** The file that says what was signed last. Its lock is held by this process. */
  statePath: string
  /** 24 characters, UTC. */
  now: () => string
}>

/** The signed checkpoint of the whole tree, stored in it. Null where the newest one is of this size already. */
export const signCheckpoint = async (
  { origin, keys, statePath, now }: Signer,
  tree: TreeStore,
): Promise<Either<SigningRefused, SignedCheckpoint | null>> => {
  const state = readSigningState(statePath)
  if (state._tag === 'Left') return state
  const last = state.right
  const size = tree.size()
  const newest = tree.newestCheckpoint()
  if (last === null && newest !== null)
    return refused(
      `checkpoints were signed up to size ${newest.size}, but ${statePath} is missing: restore it, or run \`run-ledger trust adopt\``,
    )
  if (last !== null && last.origin !== origin)
    return refused(`${statePath} is that of ${last.origin}, not of ${origin}`)
  if (last !== null && last.size > size)
    return refused(
      `a tree of ${last.size} leaves was signed, and the log has ${size}: it was restored or cut. Run \`run-ledger trust new-origin\` once it is known why`,
    )
  const signed = { origin, size, root: rootAt(tree, size) }
  if (last !== null && !(await isConsistent(last, signed, consistencyProof(tree, last.size, size))))
    return refused(`the log no longer contains the tree of ${last.size} leaves that was signed: it was rewritten`)
  if (size === 0 || newest?.size === size) return right(null)
  const text = checkpointText(signed)
  const signatures = await Promise.all(keys.map((key) => sign(text, key)))
  // On disk before anybody can see the signature.
  writeSigningState(statePath, signed)
  const checkpoint = { size, root: signed.root, note: noteText({ text, signatures }), signed_at: now() }
  tree.putCheckpoint(checkpoint)
  return right(checkpoint)
}

const refused = (detail: string) => left({ _tag: 'SigningRefused' as const, detail })
