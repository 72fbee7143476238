/** Signs the tree again and again while it grows, asks witnesses for their cosignatures, and files what was signed. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { sleep } from '../../lib/abortable.ts'
import { parseNote } from '../formats/note.ts'
import type { SignedCheckpoint, TreeStore } from '../tree/tree-store.ts'
import { askWitness, type Witness, withSignature } from '../witness/ask-witness.ts'
import { fileCheckpoint } from './checkpoint-directory.ts'
import { type Signer, type SigningRefused, signCheckpoint } from './sign-checkpoint.ts'

export type SigningLoop = Readonly<{
  signer: Signer
  tree: TreeStore
  /** Between two checkpoints, in ms. */
  every: number
  /** Where checkpoints are filed, null for nowhere. */
  directory: string | null
  witnesses: readonly Witness[]
  /** Makes the tree ready to be signed: false where it is not of the whole log yet. A left refuses to sign it. */
  ready: TE.TaskEither<SigningRefused, boolean>
  onSigned: (checkpoint: SignedCheckpoint) => void
  /** Nothing is signed, for this reason: reported once for each reason in a row. Null: what was refused is signed again. */
  onRefused: (detail: string | null) => void
  onWarning: (message: string) => void
  signal: AbortSignal
}>

/** Runs until `signal` aborts. Rejects where the tree or the signing state cannot be written. */
export const signAgainAndAgain = async (loop: SigningLoop): Promise<void> => {
  const cosignedSizes = new Map<Witness, number>()
  let refusal: string | null = null
  while (!loop.signal.aborted) {
    const signed = await signOnce(loop)()
    if (signed._tag === 'Right' && signed.right === 'not ready') {
      await sleep(Math.min(loop.every, NOT_READY_WAIT), loop.signal)
      continue
    }
    const detail = signed._tag === 'Left' ? signed.left.detail : null
    if (detail !== refusal) loop.onRefused(detail)
    refusal = detail
    if (signed._tag === 'Right' && signed.right instanceof Object) await publish(loop, signed.right, cosignedSizes)
    await sleep(loop.every, loop.signal)
  }
}

const NOT_READY_WAIT = 100 // ms

type Signed = SignedCheckpoint | null | 'not ready'

const signOnce = ({ ready, signer, tree }: SigningLoop): TE.TaskEither<SigningRefused, Signed> =>
  pipe(
    ready,
    TE.flatMap(
      (isReady): TE.TaskEither<SigningRefused, Signed> =>
        isReady ? () => signCheckpoint(signer, tree) : TE.right('not ready'),
    ),
  )

const publish = async (
  loop: SigningLoop,
  signed: SignedCheckpoint,
  cosignedSizes: Map<Witness, number>,
): Promise<void> => {
  const { tree, witnesses, directory, onWarning, onSigned } = loop
  onSigned(signed)
  const asked = witnesses.map(async (witness) => ({
    witness,
    answer: await askWitness(witness, signed, tree, cosignedSizes.get(witness) ?? 0),
  }))
  let checkpoint = signed
  for (const { witness, answer } of await Promise.all(asked)) {
    const note = parseNote(checkpoint.note)
    if (answer._tag === 'Left' || note._tag === 'Left') {
      onWarning(`checkpoint ${signed.size} lacks a cosignature: ${answer._tag === 'Left' ? answer.left.detail : ''}`)
      continue
    }
    cosignedSizes.set(witness, signed.size)
    checkpoint = { ...checkpoint, note: withSignature(note.right, answer.right.signature, witness.key) }
  }
  if (checkpoint !== signed) tree.putCheckpoint(checkpoint)
  try {
    if (directory !== null) fileCheckpoint(directory, checkpoint)
  } catch (error) {
    onWarning(`checkpoint ${signed.size} was not filed: ${(error as Error).message}`)
  }
}
