/** A witness: cosigns checkpoints of logs that only ever grow (C2SP tlog-witness, at commit 5ba5ee8). */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { CheckpointNote } from '../formats/checkpoint.ts'
import { signatureLine, type VerifierKey } from '../formats/note.ts'
import { type SigningKey, sign, signedBy } from '../formats/signing.ts'
import { readSigningStates, writeSigningStates } from '../signer/signing-state.ts'
import { isConsistent, type Tree } from '../tree/verify.ts'
import { type AddCheckpoint, parseAddCheckpoint, SIZE_TYPE } from './add-checkpoint.ts'

export type WitnessAnswer = Readonly<{ status: 200 | 400 | 403 | 404 | 409 | 422; type: string; body: string }>

export type Witness = Readonly<{
  key: SigningKey
  /** The keys of the logs that it cosigns; a log may have several. */
  logs: readonly VerifierKey[]
  /** The file with what it cosigned last of the log of this origin. This process holds the lock of their directory. */
  statePathOf: (origin: string) => string
  /** Seconds since 1970. */
  now: () => number
}>

/**
 * Answers a request to cosign. What was cosigned is on disk before the answer; calls for one origin must not overlap, since
 * each compares with what the one before has stored. Throws where the state cannot be written.
 */
export const cosign = async (witness: Witness, body: string): Promise<WitnessAnswer> =>
  pipe(
    parseAddCheckpoint(body),
    E.match(
      async ({ detail }) => answer(400, `${detail}\n`),
      (request) => cosignRequest(witness, request),
    ),
  )

type Request = Omit<AddCheckpoint, 'checkpoint'> & Readonly<{ tree: CheckpointNote }>

const cosignRequest = async (witness: Witness, { oldSize, path, tree }: Request): Promise<WitnessAnswer> => {
  const keys = witness.logs.filter(({ name }) => name === tree.origin)
  if (keys.length === 0) return answer(404, 'this witness does not know the log\n')
  const signed = await Promise.all(keys.map((key) => signedBy(tree.note, key)))
  if (signed.includes('wrong') || !signed.includes('yes'))
    return answer(403, 'the log has not signed this checkpoint\n')
  if (oldSize > tree.size) return answer(400, 'the old size is greater than that of the checkpoint\n')
  const statePath = witness.statePathOf(tree.origin)
  const last = readSigningStates([statePath])
  if (last._tag === 'Left') throw new Error(`${last.left.path}: ${last.left.detail}`)
  const before: Tree = last.right ?? EMPTY
  if (oldSize !== before.size) return { status: 409, type: SIZE_TYPE, body: `${before.size}\n` }
  if (!(await isConsistent(before, tree, path)) || (tree.size === 0 && !(await isConsistent(tree, EMPTY, []))))
    return answer(422, 'the checkpoint does not contain the one that was cosigned before\n')
  const { origin, size, root, note } = tree
  const signature = await sign(note.text, witness.key, witness.now())
  // Before anybody can see the cosignature.
  writeSigningStates([statePath], { origin, size, root })
  return answer(200, signatureLine(signature))
}

const answer = (status: WitnessAnswer['status'], body: string): WitnessAnswer => ({ status, type: TEXT, body })

const TEXT = 'text/plain; charset=utf-8'

// SHA-256 of nothing.
const EMPTY: Tree = {
  size: 0,
  root: Uint8Array.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'.match(/../g) ?? [], (byte) =>
    Number.parseInt(byte, 16),
  ),
}
