/** The request by which a log asks a witness to cosign (C2SP tlog-witness, at commit 5ba5ee8): `POST <prefix>/add-checkpoint`. */
import { type Either, map } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { fromBase64, toBase64 } from '../formats/bytes.ts'
import { type CheckpointNote, COUNT, parseCheckpoint } from '../formats/checkpoint.ts'
import { type Malformed, malformed } from '../formats/note.ts'

export type AddCheckpoint = Readonly<{
  /** The size of the tree that the witness cosigned last for this log, 0 where there is none. */
  oldSize: number
  /** Shows that the tree of that size is a prefix of the checkpoint's. */
  path: readonly Uint8Array<ArrayBuffer>[]
  /** As the log signed it. */
  checkpoint: string
}>

/** Of an answer 409, whose body is the size of the tree that the witness cosigned last. */
export const SIZE_TYPE = 'text/x.tlog.size'

const LONGEST_PATH = 63

export const addCheckpointText = ({ oldSize, path, checkpoint }: AddCheckpoint): string =>
  [`old ${oldSize}`, ...path.map(toBase64), '', checkpoint].join('\n')

export const parseAddCheckpoint = (
  text: string,
): Either<Malformed, Omit<AddCheckpoint, 'checkpoint'> & Readonly<{ tree: CheckpointNote }>> => {
  const end = text.indexOf('\n\n')
  if (end === -1) return malformed('a request is an old size, a path, an empty line and a checkpoint')
  const [first = '', ...lines] = text.slice(0, end).split('\n')
  const old = /^old (.+)$/.exec(first)?.[1] ?? ''
  if (!COUNT.test(old) || !Number.isSafeInteger(Number(old))) return malformed('its old size is no whole number')
  if (lines.length > LONGEST_PATH) return malformed(`its path is longer than ${LONGEST_PATH} hashes`)
  const path = lines.map(fromBase64)
  if (path.some((hash) => hash?.length !== 32)) return malformed('its path holds something that is no SHA-256 hash')
  return pipe(
    parseCheckpoint(text.slice(end + 2)),
    map((tree) => ({ oldSize: Number(old), path: path as readonly Uint8Array<ArrayBuffer>[], tree })),
  )
}
