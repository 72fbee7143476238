/** Checkpoints: the size and root of a log's tree as a note (C2SP tlog-checkpoint v1.0.0). */
import { type Either, flatMap, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { fromBase64, toBase64 } from './bytes.ts'
import { type Malformed, malformed, type Note, parseNote } from './note.ts'

/** `origin` names the log; a log signs checkpoints of one growing tree under it. */
export type Checkpoint = Readonly<{ origin: string; size: number; root: Uint8Array<ArrayBuffer> }>

export type CheckpointNote = Checkpoint & Readonly<{ note: Note }>

/** The text that is signed. */
export const checkpointText = ({ origin, size, root }: Checkpoint): string => `${origin}\n${size}\n${toBase64(root)}\n`

/** Extension lines are refused: this log signs none, and nobody could audit them. */
export const parseCheckpoint = (text: string): Either<Malformed, CheckpointNote> =>
  pipe(
    parseNote(text),
    flatMap((note) => {
      const [origin = '', size = '', root = '', ...rest] = note.text.split('\n')
      const hash = fromBase64(root)
      if (origin === '' || rest.length !== 1) return malformed('a checkpoint is an origin, a size and a root')
      if (!COUNT.test(size) || !Number.isSafeInteger(Number(size))) return malformed('its size is no whole number')
      if (hash?.length !== 32) return malformed('its root is no SHA-256 hash')
      return right({ origin, size: Number(size), root: hash, note })
    }),
  )

export const COUNT = /^(?:0|[1-9][0-9]*)$/
