/** Checks checkpoints and proofs against a policy, offline, in Node and in browsers. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { isSameBytes } from '../formats/bytes.ts'
import { type CheckpointNote, parseCheckpoint } from '../formats/checkpoint.ts'
import { type Leaf, type LeafEvent, nonceOf, parseLeaf } from '../formats/leaf.ts'
import { parseProof, type TlogProof } from '../formats/proof.ts'
import { signedBy } from '../formats/signing.ts'
import { isIncluded, leafHash } from '../tree/verify.ts'
import type { Policy } from './policy.ts'

export type NotVerified = Readonly<{ _tag: 'NotVerified'; detail: string }>

const notVerified = (detail: string): NotVerified => ({ _tag: 'NotVerified', detail })
const not = (detail: string) => E.left(notVerified(detail))

/** Parses a checkpoint and checks that a key which the policy trusts for its size, and enough witnesses, have signed it. */
export const verifyCheckpoint = async (text: string, policy: Policy): Promise<E.Either<NotVerified, CheckpointNote>> =>
  pipe(
    TE.fromEither(parseCheckpoint(text)),
    TE.mapLeft(({ detail }) => notVerified(`no checkpoint: ${detail}`)),
    TE.flatMap((checkpoint) => () => checkSignatures(checkpoint, policy)),
  )()

const checkSignatures = async (
  checkpoint: CheckpointNote,
  policy: Policy,
): Promise<E.Either<NotVerified, CheckpointNote>> => {
  const { note, size } = checkpoint
  const logKeys = policy.logKeys.filter(({ from, to }) => from <= size && (to === null || size <= to))
  const byLog = await Promise.all(logKeys.map(({ key }) => signedBy(note, key)))
  const byWitnesses = await Promise.all(policy.witnesses.map((key) => signedBy(note, key)))
  if (byLog.includes('wrong') || byWitnesses.includes('wrong')) return not('a signature of the checkpoint is wrong')
  if (!byLog.includes('yes')) return not('no key that is trusted for a tree of this size has signed the checkpoint')
  const cosigned = byWitnesses.filter((signed) => signed === 'yes').length
  return cosigned >= policy.quorum
    ? E.right(checkpoint)
    : not(`${cosigned} trusted witnesses have cosigned the checkpoint, the policy asks for ${policy.quorum}`)
}

/** What a proof shows: this leaf is at this index of the log that signed the checkpoint. */
export type Proved = Readonly<{ leaf: Leaf; index: number; checkpoint: CheckpointNote }>

/** Checks the checkpoint of a proof, and that its path leads from its leaf to the root of that checkpoint. */
export const verifyProof = async (text: string, policy: Policy): Promise<E.Either<NotVerified, Proved>> =>
  pipe(
    TE.fromEither(parseProof(text)),
    TE.mapLeft(({ detail }) => notVerified(`no proof: ${detail}`)),
    TE.flatMapEither(withLeaf),
    TE.bindW(
      'checkpoint',
      ({ proof }) =>
        () =>
          verifyCheckpoint(proof.checkpoint, policy),
    ),
    TE.flatMap(({ proof: { index, path }, extra, leaf, checkpoint }) => async () => {
      const { size, root } = checkpoint
      const holds = await isIncluded({ hash: await leafHash(extra), index, size, path, root })
      return holds
        ? E.right({ leaf, index, checkpoint })
        : not('the path does not lead from the leaf to the root of the checkpoint')
    }),
  )()

const withLeaf = (proof: TlogProof) => {
  const { extra } = proof
  const leaf = extra === null ? null : parseLeaf(extra)
  return extra === null || leaf === null
    ? not('the proof does not hold a leaf of this program')
    : E.right({ proof, extra, leaf })
}

/** Whether `leaf` is the leaf of this event, to the last byte of its data and metadata. */
export const isLeafOf = async (leaf: Leaf, event: LeafEvent): Promise<boolean> => {
  const key = await hmacKey(nonceOf(event.metadata))
  const [data, metadata] = await Promise.all([commit(key, event.data), commit(key, event.metadata)])
  return (
    leaf.run_id === event.run_id &&
    leaf.revision === String(event.revision) &&
    leaf.type === event.type &&
    leaf.event_id === event.event_id.toLowerCase() &&
    leaf.recorded_at === event.recorded_at &&
    isSameBytes(leaf.commitments.data, data) &&
    isSameBytes(leaf.commitments.metadata, metadata)
  )
}

type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

// WebCrypto refuses an empty key. HMAC pads keys with zeros to its block of 64 bytes (RFC 2104), so 64 zeros are the same key.
const hmacKey = (nonce: Uint8Array<ArrayBuffer>): Promise<HmacKey> =>
  crypto.subtle.importKey(
    'raw',
    nonce.length === 0 ? new Uint8Array(64) : nonce,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )

const commit = async (key: HmacKey, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes))
