/** A connection for reading that follows its path: a projector that finds the file damaged puts another in its place. */
import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { ReadModelOpenFailure } from '../../open-failure.ts'
import type { ReadModelUnavailable } from '../../read-model.ts'
import { openForReading } from '../database.ts'
import { reading } from './read-failure.ts'

export type Connection<Reads> = Readonly<{
  /** The result of `read`, or why the file cannot be read. */
  use: <Result>(read: (reads: Reads) => Result) => E.Either<ReadModelUnavailable, Result>
  /** Later reads fail. */
  close: () => void
}>

/** How long another file may stand at the path unnoticed, in ms. */
const CHECK_EVERY_MS = 500

/** Over `db`, which is the file at `path`. `readsOn` prepares what is read of a file. */
export const createConnection = <Reads>(
  path: string,
  db: DatabaseSync,
  readsOn: (db: DatabaseSync) => Reads,
): Connection<Reads> => {
  let current: Readonly<{ db: DatabaseSync; file: string | null; reads: Reads }> | null = {
    db,
    file: fileAt(path),
    reads: readsOn(db),
  }
  let checked = performance.now()
  let isClosed = false

  /** The reads of the file that stands at the path now. */
  const looked = (): E.Either<ReadModelUnavailable, Reads> => {
    if (isClosed) return E.left({ _tag: 'ReadModelUnavailable', detail: 'it is closed', damaged: false })
    checked = performance.now()
    const file = fileAt(path)
    if (current !== null && (file === null || file === current.file)) return E.right(current.reads)
    closeFile()
    return pipe(
      openForReading(path),
      E.mapLeft(unavailable),
      E.flatMap((opened) =>
        reading(() => {
          current = { db: opened, file, reads: readsOn(opened) }
          return current.reads
        }),
      ),
    )
  }

  const closeFile = (): void => {
    if (current?.db.isOpen) current.db.close()
    current = null
  }

  return {
    use: (read) => {
      // By hand, and without a look at the file: every read passes here, and it is a third of the least of them.
      if (current !== null && performance.now() < checked + CHECK_EVERY_MS) {
        const { reads } = current
        const result = reading(() => read(reads))
        // What failed may have been replaced: the next read looks.
        if (result._tag === 'Left') checked = Number.NEGATIVE_INFINITY
        return result
      }
      return pipe(
        looked(),
        E.flatMap((reads) => reading(() => read(reads))),
      )
    },
    close: () => {
      isClosed = true
      closeFile()
    },
  }
}

const fileAt = (path: string): string | null => {
  const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? {}
  return ino === undefined ? null : `${dev}:${ino}`
}

export const unavailable = (failure: ReadModelOpenFailure): ReadModelUnavailable => ({
  _tag: 'ReadModelUnavailable',
  detail: 'detail' in failure ? failure.detail : failure._tag,
  damaged: failure._tag === 'ReadModelDamaged',
})
