/** Where an export is written to: a file that is there whole or not at all, or a device or FIFO that takes bytes as they come. */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Export, ExportFault } from './export.ts'
import { placeOf } from './file-place.ts'
import { type ManifestOf, publish } from './manifest.ts'

/** Of the bytes as they lie in the file. */
export type Written = Readonly<{ sha256: string; bytes: number }>

/** The file cannot be made or grown. */
export type Unwritable = Readonly<{ _tag: 'Unwritable'; detail: string }>

export type SinkFailure = Unwritable | ExportFault

/**
 * Writes an export to `path`, packed where it ends in `.gz`; a symbolic link is followed. A file is written beside its
 * place and renamed, with its manifest, once it is whole and on the disk; where that fails, what stood there before stays.
 * Of several exports to one file at once one wins whole. A device or a FIFO gets the bytes as they come, and no manifest.
 */
export const writeExport = (path: string, made: Export, manifestOf: ManifestOf): TE.TaskEither<SinkFailure, Written> =>
  pipe(
    kindOf(path),
    TE.flatMap((kind) =>
      kind === 'stream' ? writeInto(path, path, 'w', made) : writeBeside(path, placeOf(path), made, manifestOf),
    ),
  )

/** `stream`: what is there takes bytes in their order and cannot be replaced. */
const kindOf = (path: string): TE.TaskEither<Unwritable, 'file' | 'stream'> =>
  pipe(
    attempt(path, () => stat(path)),
    TE.flatMap((stats) =>
      stats.isDirectory()
        ? TE.left(unwritable(path, 'EISDIR'))
        : TE.right(stats.isFile() ? ('file' as const) : ('stream' as const)),
    ),
    TE.orElse((failure) => (failure.code === 'ENOENT' ? TE.right('file' as const) : TE.left(failure))),
  )

const writeBeside = (
  path: string,
  place: string,
  made: Export,
  manifestOf: ManifestOf,
): TE.TaskEither<SinkFailure, Written> => {
  // A name of its own: two exports to one file do not meet, and no link that somebody put there is followed.
  const part = `${place}.${randomUUID()}.part`
  return pipe(
    writeInto(path, part, 'wx', made),
    TE.tap((written) => attempt(path, () => publish(part, place, manifestOf(place, written)))),
    TE.tapError(() => TE.fromTask(() => rm(part, { force: true }).catch(() => undefined))),
  )
}

const writeInto = (
  path: string,
  place: string,
  flags: 'w' | 'wx',
  { pieces, fault }: Export,
): TE.TaskEither<SinkFailure, Written> => {
  const meter = hashing()
  return pipe(
    attempt(path, () => open(place, flags, FILE_MODE)),
    TE.flatMap((handle) =>
      attempt(path, () => {
        const output = outputOf(handle, flags)
        return path.endsWith('.gz')
          ? pipeline(pieces, createGzip(), meter.stream, output)
          : pipeline(pieces, meter.stream, output)
      }),
    ),
    TE.flatMap((): TE.TaskEither<SinkFailure, Written> => {
      const found = fault()
      return found === null ? TE.right(meter.written()) : TE.left(found)
    }),
  )
}

/** Readable by its owner alone: an export holds what the ledger holds. */
export const FILE_MODE = 0o600

const outputOf = (handle: FileHandle, flags: 'w' | 'wx') =>
  // A device or a FIFO has no disk to be flushed to.
  handle.createWriteStream({ flush: flags === 'wx' })

type Attempted = Unwritable & Readonly<{ code: string }>

const attempt = <Value>(path: string, work: () => Promise<Value>): TE.TaskEither<Attempted, Value> =>
  TE.tryCatch(work, (error) => unwritable(path, codeOf(error)))

const unwritable = (path: string, code: string): Attempted => ({
  _tag: 'Unwritable',
  code,
  detail: `${path} cannot be written (${code})`,
})

const hashing = () => {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  return { stream, written: (): Written => ({ sha256: hash.digest('hex'), bytes }) }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
