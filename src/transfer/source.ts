/** Where imported lines come from: a file or standard input, plain or gzip. */
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'

export type Source = Readonly<{
  /** The bytes, unpacked. Ends early where they cannot be read on: see `fault`. */
  chunks: AsyncIterable<Buffer>
  /** After the last chunk: why there could be no more, null where that was all (a cut or damaged file, a disk that fails). */
  fault: () => string | null
  /** Bytes as they lie in the file, for progress; null where the end is not known. */
  size: number | null
  read: () => number
  close: () => void
}>

/** The file cannot be opened; `detail` says why. */
export type SourceMissing = Readonly<{ _tag: 'SourceMissing'; detail: string }>

/** Opens `file`, or standard input for `-`. Gzip is known by its first bytes (RFC 1952, section 2.3.1). */
export const openSource = (file: string): TE.TaskEither<SourceMissing, Source> =>
  file === '-'
    ? TE.right(sourceOf(process.stdin, null))
    : pipe(
        TE.tryCatch(
          () => openFile(file),
          (error) => `${file} cannot be opened (${codeOf(error)})`,
        ),
        TE.filterOrElse(
          ({ stats }) => !stats.isDirectory(),
          () => `${file} is a directory`,
        ),
        TE.bimap(
          (detail) => ({ _tag: 'SourceMissing', detail }),
          ({ stream, stats }) => sourceOf(stream, stats.isFile() ? stats.size : null),
        ),
      )

const openFile = async (file: string) => {
  const handle = await open(file)
  const stats = await handle.stat()
  const stream = handle.createReadStream({ highWaterMark: READ_BYTES })
  if (stats.isDirectory()) stream.destroy()
  return { stream, stats }
}

const READ_BYTES = 64 * 1024
const UNPACKED_BYTES = 64 * 1024

const sourceOf = (stream: Readable, size: number | null): Source => {
  let read = 0
  let fault: string | null = null

  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      read += chunk.length
      yield chunk
    }
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield* unpacked(counted())
    } catch (error) {
      fault = detailOf(error)
    }
  }

  return { chunks: chunks(), fault: () => fault, size, read: () => read, close: () => stream.destroy() }
}

/** The bytes themselves, or what they unpack to where they begin as gzip does. */
async function* unpacked(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const beginning = await firstBytes(chunks)
  if (beginning === null) return
  const whole = joined(beginning, chunks)
  if (beginning[0] !== 0x1f || beginning[1] !== 0x8b) {
    yield* whole
    return
  }
  yield* gunzipped(whole)
}

/**
 * What gzip data unpack to. Members may follow one another (RFC 1952, section 2.2) and zero bytes pad the end, as on tapes.
 * Zlib ends at the first of these and drops the rest: whatever but zeros follows them is damage.
 */
async function* gunzipped(packed: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES })
  const taken = () => gunzip.bytesWritten
  const given: { chunk: Buffer; start: number }[] = []
  let ended = false

  async function* chunksIn(): AsyncGenerator<Buffer> {
    let start = 0
    for (let next = await packed.next(); next.done !== true; next = await packed.next()) {
      while (given[0] !== undefined && given[0].start + given[0].chunk.length <= taken()) given.shift()
      given.push({ chunk: next.value, start })
      start += next.value.length
      if (ended) return
      yield next.value
      if (ended) return
    }
  }

  // What goes wrong reaches the reader of `gunzip`.
  const writing = pipeline(chunksIn(), gunzip).catch(() => {})
  yield* gunzip as AsyncIterable<Buffer>
  ended = true
  await writing
  for (const { chunk, start } of given) onlyZeros(chunk.subarray(Math.max(0, taken() - start)))
  for await (const chunk of packed) onlyZeros(chunk)
}

const onlyZeros = (bytes: Buffer): void => {
  if (bytes.some((byte) => byte !== 0)) throw new TrailingData()
}

class TrailingData extends Error {}

/** At least two bytes, enough to know gzip by; null where there are none at all. */
const firstBytes = async (chunks: AsyncGenerator<Buffer>): Promise<Buffer | null> => {
  let beginning: Buffer | null = null
  while (beginning === null || beginning.length < 2) {
    const next = await chunks.next()
    if (next.done === true) return beginning
    beginning = beginning === null ? next.value : Buffer.concat([beginning, next.value])
  }
  return beginning
}

async function* joined(beginning: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield beginning
  yield* rest
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

const detailOf = (error: unknown): string => {
  if (error instanceof TrailingData) return 'the gzip data is damaged: other data follow its end'
  switch (codeOf(error)) {
    case 'Z_BUF_ERROR':
      return 'the gzip data is cut short'
    case 'Z_DATA_ERROR':
      return 'the gzip data is damaged'
    default:
      return `it cannot be read on (${codeOf(error)})`
  }
}
