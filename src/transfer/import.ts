/** Import: takes the lines of a source, batch by batch, into a ledger. */
import type * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Problem, problem } from '../api/problems.ts'
import { type Line, lineSplitter } from './line-splitter.ts'
import type { Source } from './source.ts'

/** What became of one line. */
export type Answer = 'accepted' | 'repeated' | Problem

/** The ledger cannot be reached any more. What was sent may be sent again without harm. */
export type TargetLost = Readonly<{ _tag: 'TargetLost'; detail: string }>

/** The ledger that lines go into, in this process or behind a server. */
export type ImportTarget<Item> = Readonly<{
  /** A line as the target takes it, or why it is refused. */
  prepare: (bytes: Buffer, number: number) => E.Either<Problem, Item>
  /** Takes items in their order, and returns an answer for each. Calls never overlap. */
  take: (items: readonly Item[]) => Promise<E.Either<TargetLost, readonly Answer[]>>
}>

/** A refused line as it was sent; `bytes` is null where it was too long to keep. */
export type Rejected = Readonly<{ line: number; problem: Problem; bytes: Buffer | null }>

export type ImportWatch = Readonly<{
  /** Runs before the next batch is taken, so that refused lines never pile up. Left, with the reason, ends the import. */
  onRejected: (rejected: readonly Rejected[]) => TE.TaskEither<string, void>
  /** Called after each batch with the bytes of the source that were read so far. */
  onProgress: (bytes: number) => void
  /** Ends the import after the batch under way, which a target then answers soon, if only with `TargetLost`. */
  signal: AbortSignal
}>

export type ImportCounts = Readonly<{ lines: number; accepted: number; repeated: number; rejected: number }>

/** `line`: up to this one everything was answered. */
export type ImportEnd =
  | Readonly<{ _tag: 'Complete' }>
  | Readonly<{ _tag: 'Interrupted'; line: number }>
  | Readonly<{ _tag: 'SourceBroken'; line: number; detail: string }>
  | Readonly<{ _tag: 'RejectsUnwritable'; line: number; detail: string }>
  | Readonly<{ _tag: 'TargetLost'; line: number; detail: string }>

export type Imported = Readonly<{ counts: ImportCounts; end: ImportEnd }>

/** The longest line that is taken, in bytes. */
export const MAX_LINE_BYTES = 1024 * 1024

/**
 * Imports every line of `source`. One batch is read and prepared while the one before it is taken; the target gets the
 * lines in their order. A refused line stops nothing. Repeating an import is safe: what was taken before is `repeated`.
 */
export const importLines = async <Item>(
  source: Source,
  target: ImportTarget<Item>,
  watch: ImportWatch,
): Promise<Imported> => {
  const tally = { lines: 0, accepted: 0, repeated: 0, rejected: 0 }
  const splitter = lineSplitter(MAX_LINE_BYTES)
  let answered = 0
  let batch = emptyBatch<Item>()
  let underWay: Promise<Stopped | null> = Promise.resolve(null)

  /** Null while all is well. */
  const take = (batch: Batch<Item>): Promise<Stopped | null> =>
    pipe(
      (): Promise<E.Either<Stopped, readonly Answer[]>> => target.take(batch.items),
      TE.map((answers) => count(batch, answers)),
      TE.tap((rejected) => (rejected.length > 0 ? writeRejected(rejected) : TE.right(undefined))),
      TE.map(() => {
        answered = batch.lines.at(-1)?.number ?? answered
        watch.onProgress(source.read())
        return null
      }),
      TE.toUnion,
    )()

  /** Adds the lines of `batch` to the tally, and returns those that were refused. */
  const count = ({ lines, refused }: Batch<Item>, answers: readonly Answer[]): readonly Rejected[] => {
    const rejected: Rejected[] = []
    let next = 0
    for (const [index, line] of lines.entries()) {
      const answer = refused[index] ?? (answers[next++] as Answer)
      if (typeof answer === 'string') tally[answer] += 1
      else rejected.push({ line: line.number, problem: answer, bytes: line.bytes })
    }
    tally.lines += lines.length
    tally.rejected += rejected.length
    return rejected
  }

  const writeRejected = (rejected: readonly Rejected[]): TE.TaskEither<Stopped, void> =>
    pipe(
      watch.onRejected(rejected),
      TE.mapLeft((detail) => ({ _tag: 'RejectsUnwritable', detail })),
    )

  /** Waits for the batch under way and sends the next one; null while all is well. */
  const send = async (): Promise<ImportEnd | null> => {
    const closed = await underWay
    if (watch.signal.aborted) return { _tag: 'Interrupted', line: answered }
    if (closed !== null) return { ...closed, line: answered }
    if (batch.lines.length > 0) underWay = take(batch)
    batch = emptyBatch()
    return null
  }

  const prepareAll = async (lines: readonly Line[]): Promise<ImportEnd | null> => {
    for (const line of lines) {
      add(batch, line, target)
      const end = isFull(batch) ? await send() : null
      if (end !== null) return end
    }
    return null
  }

  const run = async (): Promise<ImportEnd> => {
    for await (const chunk of withPauses(source.chunks)) {
      // A slow source is taken as it comes; a fast one fills whole batches, which need fewer transactions.
      const end = await (chunk === null ? send() : prepareAll(splitter.push(chunk)))
      if (end !== null) return end
    }
    const fault = source.fault()
    // A line that was cut is not a line: only a whole source has a last one.
    const end = (fault === null ? await prepareAll(splitter.end()) : null) ?? (await send()) ?? (await send())
    if (end !== null) return end
    return fault === null ? { _tag: 'Complete' } : { _tag: 'SourceBroken', line: answered, detail: fault }
  }

  watch.signal.addEventListener('abort', source.close, { once: true })
  const end = await run()
  watch.signal.removeEventListener('abort', source.close)
  source.close()
  return { counts: tally, end }
}

type Stopped = TargetLost | Readonly<{ _tag: 'RejectsUnwritable'; detail: string }>

const SLOW_MS = 100

/** The chunks, and null where the next one takes long to come. */
async function* withPauses(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | null> {
  const iterator = chunks[Symbol.asyncIterator]()
  for (;;) {
    const next = iterator.next()
    if (await isSlow(next)) yield null
    const { value, done } = await next
    if (done === true) return
    yield value
  }
}

const isSlow = async (next: Promise<unknown>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, SLOW_MS, true)
  })
  const slow = await Promise.race([next.then(() => false), late])
  clearTimeout(timer)
  return slow
}

/** `refused[n]` is the problem of line n where it was refused before it was sent. */
type Batch<Item> = {
  readonly lines: Line[]
  readonly refused: (Problem | undefined)[]
  readonly items: Item[]
  bytes: number
}

const emptyBatch = <Item>(): Batch<Item> => ({ lines: [], refused: [], items: [], bytes: 0 })

const BATCH_LINES = 1024
const BATCH_BYTES = 4 * 1024 * 1024

const isFull = (batch: Batch<unknown>): boolean => batch.lines.length >= BATCH_LINES || batch.bytes >= BATCH_BYTES

const add = <Item>(batch: Batch<Item>, line: Line, target: ImportTarget<Item>): void => {
  batch.lines.push(line)
  if (line.bytes === null) {
    batch.refused[batch.lines.length - 1] = problem('body-too-large', `a line takes at most ${MAX_LINE_BYTES} bytes`)
    return
  }
  batch.bytes += line.bytes.length
  const item = target.prepare(line.bytes, line.number)
  // A plain check of `_tag`: this runs for every line.
  if (item._tag === 'Left') batch.refused[batch.lines.length - 1] = item.left
  else batch.items.push(item.right)
}
