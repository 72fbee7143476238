/** Proofs that an event is in the log, as text: `.tlog-proof` (C2SP tlog-proof v1). */
import { type Either, map } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { fromBase64, toBase64 } from './bytes.ts'
import { type CheckpointNote, COUNT, parseCheckpoint } from './checkpoint.ts'
import { type Malformed, malformed } from './note.ts'

export type TlogProof = Readonly<{
  /** The leaf itself. It proves nothing before it is hashed and the path is checked. */
  extra: Uint8Array<ArrayBuffer> | null
  index: number
  /** From the leaf's sibling up. */
  path: readonly Uint8Array<ArrayBuffer>[]
  /** The signed checkpoint as its log published it, cosignatures included. */
  checkpoint: string
}>

const HEADER = 'c2sp.org/tlog-proof@v1'
// A tree of 2^53 leaves is no higher.
const LONGEST_PATH = 53

export const proofText = ({ extra, index, path, checkpoint }: TlogProof): string =>
  [
    HEADER,
    ...(extra === null ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...path.map(toBase64),
    '',
    checkpoint,
  ].join('\n')

export const parseProof = (text: string): Either<Malformed, TlogProof & Readonly<{ tree: CheckpointNote }>> => {
  const end = text.indexOf('\n\n')
  if (end === -1) return malformed('a proof is a header, a path, an empty line and a checkpoint')
  const [header, ...lines] = text.slice(0, end).split('\n')
  if (header !== HEADER) return malformed(`a proof begins with ${HEADER}`)
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()?.slice('extra '.length) ?? '') : undefined
  if (extra === null) return malformed('its extra data is no base64')
  const index = /^index (.+)$/.exec(lines.shift() ?? '')?.[1] ?? ''
  if (!COUNT.test(index) || !Number.isSafeInteger(Number(index))) return malformed('its index is no whole number')
  const path = lines.map(fromBase64)
  if (path.length > LONGEST_PATH) return malformed(`its path is longer than ${LONGEST_PATH} hashes`)
  if (path.some((hash) => hash?.length !== 32)) return malformed('its path holds something that is no SHA-256 hash')
  const checkpoint = text.slice(end + 2)
  return pipe(
    parseCheckpoint(checkpoint),
    map((tree) => ({
      extra: extra ?? null,
      index: Number(index),
      path: path as readonly Uint8Array<ArrayBuffer>[],
      checkpoint,
      tree,
    })),
  )
}
