/** A file that an export is written to: it is there whole or not at all. */
import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { Export } from './export.ts'
import { forgetManifest } from './manifest.ts'

/** Of the bytes as they lie in the file. */
export type Written = Readonly<{ sha256: string; bytes: number }>

/** `Unwritable`: the file cannot be made or grown. `Unreadable`: what was to be written came to an end too early. */
export type SinkFailure = Readonly<{ _tag: 'Unwritable' | 'Unreadable'; detail: string }>

/**
 * Writes to `path`, packed where it ends in `.gz`. It is written beside its place and renamed once it is whole and on the
 * disk; where that fails, what stood there before stays.
 */
export const writeFile = async (path: string, { pieces, fault }: Export): Promise<Either<SinkFailure, Written>> => {
  const part = `${path}.part`
  const meter = hashing()
  try {
    const handle = await open(part, 'w')
    const file = handle.createWriteStream({ flush: true })
    await (path.endsWith('.gz')
      ? pipeline(pieces, createGzip(), meter.stream, file)
      : pipeline(pieces, meter.stream, file))
    const detail = fault()
    if (detail !== null) {
      await rm(part, { force: true })
      return left({ _tag: 'Unreadable', detail })
    }
    await forgetManifest(path)
    await rename(part, path)
    return right(meter.written())
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined)
    return left({ _tag: 'Unwritable', detail: `${path} cannot be written (${codeOf(error)})` })
  }
}

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
