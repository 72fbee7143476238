/** Checks checkpoints and proofs against a policy, offline, in Node and in browsers. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { isSameBytes } from '../formats/bytes.ts'
import { type CheckpointNote, parseCheckpoint } from '../formats/checkpoint.ts'
import { type Leaf, type LeafEvent, nonceOf, parseLeaf } from '../formats/leaf.ts'
import { parseProof } from '../formats/proof.ts'
import { signedBy } from '../formats/signing.ts'
import { isIncluded, leafHash } from '../tree/verify.ts'
import type { Policy } from './policy.ts'

export type NotVerified = Readonly<{ _tag: 'NotVerified'; detail: string }>

const not = (detail: string) => left({ _tag: 'NotVerified' as const, detail })

/** The checkpoint, once a key that the policy trusts for its size, and enough witnesses, have signed it. */
export const verifyCheckpoint = async (text: string, policy: Policy): Promise<Either<NotVerified, CheckpointNote>> => {
  const parsed = parseCheckpoint(text)
  if (parsed._tag === 'Left') return not(`no checkpoint: ${parsed.left.detail}`)
  const { note, size } = parsed.right
  const logKeys = policy.logKeys.filter(({ from, to }) => from <= size && (to === null || size <= to))
  const byLog = await Promise.all(logKeys.map(({ key }) => signedBy(note, key)))
  const byWitnesses = await Promise.all(policy.witnesses.map((key) => signedBy(note, key)))
  if (byLog.includes('wrong') || byWitnesses.includes('wrong')) return not('a signature of the checkpoint is wrong')
  if (!byLog.includes('yes')) return not('no key that is trusted for a tree of this size has signed the checkpoint')
  const cosigned = byWitnesses.filter((signed) => signed === 'yes').length
  return cosigned >= policy.quorum
    ? parsed
    : not(`${cosigned} trusted witnesses have cosigned the checkpoint, the policy asks for ${policy.quorum}`)
}

/** What a proof shows: that this leaf stands at this index of the log that signed the checkpoint. */
export type Proved = Readonly<{ leaf: Leaf; index: number; checkpoint: CheckpointNote }>

export const verifyProof = async (text: string, policy: Policy): Promise<Either<NotVerified, Proved>> => {
  const parsed = parseProof(text)
  if (parsed._tag === 'Left') return not(`no proof: ${parsed.left.detail}`)
  const { extra, index, path, checkpoint: signed } = parsed.right
  const leaf = extra === null ? null : parseLeaf(extra)
  if (extra === null || leaf === null) return not('the proof does not hold a leaf of this program')
  const checkpoint = await verifyCheckpoint(signed, policy)
  if (checkpoint._tag === 'Left') return checkpoint
  const { size, root } = checkpoint.right
  const holds = await isIncluded({ hash: await leafHash(extra), index, size, path, root })
  return holds
    ? right({ leaf, index, checkpoint: checkpoint.right })
    : not('the path does not lead from the leaf to the root of the checkpoint')
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

// WebCrypto takes no empty key. HMAC pads a key with zeros up to its block of 64 bytes (RFC 2104), so these are the same.
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
