/** The request by which a log asks a witness to cosign (C2SP tlog-witness, at commit 5ba5ee8): `POST <prefix>/add-checkpoint`. */
import { toBase64 } from '../formats/bytes.ts'

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

export const addCheckpointText = ({ oldSize, path, checkpoint }: AddCheckpoint): string =>
  [`old ${oldSize}`, ...path.map(toBase64), '', checkpoint].join('\n')
