/** Signs the current tree, or refuses: a log must never sign two trees of which neither is a prefix of the other. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Checkpoint, checkpointText } from '../formats/checkpoint.ts'
import { noteText } from '../formats/note.ts'
import { type SigningKey, sign } from '../formats/signing.ts'
import { consistencyProof, rootAt } from '../tree/proofs.ts'
import type { SignedCheckpoint, TreeStore } from '../tree/tree-store.ts'
import { isConsistent } from '../tree/verify.ts'
import { readSigningStates, type StateUnusable, writeSigningStates } from './signing-state.ts'

/** Why nothing is signed. `detail` says what to do. */
export type SigningRefused = StateUnusable | Readonly<{ _tag: 'SigningRefused'; detail: string }>

export type Signer = Readonly<{
  /** The log's name, the first line of its checkpoints. */
  origin: string
  /** Usually one; two while a key is rotated. */
  keys: readonly SigningKey[]
  /** The file of each key with the tree that it signed last. This process holds their locks. */
  statePaths: readonly string[]
  /** 24 characters, UTC. */
  now: () => string
}>

/**
 * Signs a checkpoint of the whole tree and stores it in the tree. Null where the newest checkpoint has this size already.
 * Refused where the signing state is unusable or missing, or the tree does not contain the one that was signed last.
 */
export const signCheckpoint = async (
  signer: Signer,
  tree: TreeStore,
): Promise<E.Either<SigningRefused, SignedCheckpoint | null>> =>
  pipe(
    TE.fromEither(readSigningStates(signer.statePaths)),
    TE.flatMap((last) => () => signAfter(last, signer, tree)),
  )()

/** `last`: the tree that was signed last, null where there is none. */
const signAfter = async (
  last: Checkpoint | null,
  { origin, keys, statePaths, now }: Signer,
  tree: TreeStore,
): Promise<E.Either<SigningRefused, SignedCheckpoint | null>> => {
  const size = tree.size()
  const newest = tree.newestCheckpoint()
  if (last === null && newest !== null)
    return refused(
      `checkpoints were signed up to size ${newest.size}, but ${statePaths.join(' and ')} is missing: restore it, or run \`run-ledger trust adopt\``,
    )
  if (last !== null && last.origin !== origin)
    return refused(`${statePaths.join(', ')} is that of ${last.origin}, not of ${origin}`)
  if (last !== null && last.size > size)
    return refused(
      `a tree of ${last.size} leaves was signed, and the log has ${size}: it was restored or cut. ${WHAT_TO_DO}`,
    )
  const signed = { origin, size, root: rootAt(tree, size) }
  if (last !== null && !(await isConsistent(last, signed, consistencyProof(tree, last.size, size))))
    return refused(
      `the log no longer contains the tree of ${last.size} leaves that was signed: it was rewritten. ${WHAT_TO_DO}`,
    )
  if (size === 0 || newest?.size === size) return E.right(null)
  const text = checkpointText(signed)
  const signatures = await Promise.all(keys.map((key) => sign(text, key)))
  // The state must be on disk before anybody can see the signature.
  writeSigningStates(statePaths, signed)
  const checkpoint = { size, root: signed.root, note: noteText({ text, signatures }), signed_at: now() }
  tree.putCheckpoint(checkpoint)
  return E.right(checkpoint)
}

const WHAT_TO_DO = 'Once it is known why, `run-ledger trust new-origin` is the way on'

const refused = (detail: string) => E.left({ _tag: 'SigningRefused' as const, detail })
