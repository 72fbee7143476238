/** Writes the access log. It never blocks and never ends the server: what cannot be stored is counted, and said in a line. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { newId } from '../lib/new-id.ts'
import { codeOf, dayFileOf, type LogFolder, takeFolder } from './folder.ts'
import { type ChainHead, chained, type LineFields } from './line.ts'
import { logFilesIn } from './log-files.ts'

export type AccessLog = Readonly<{
  log_id: string
  /** Takes a line, which is on the disk within a second. */
  write: (line: LineFields) => void
  /** Takes a line, and returns once it is on the disk; the failure says why it is not. */
  writeSynced: (line: LineFields) => Promise<E.Either<string, void>>
  /** Whether lines cannot be written now. */
  isFailing: () => boolean
  /** The last line that is on the disk. */
  head: () => ChainHead
  /** `listener` gets the last line of a day, once the first one of the next is written. */
  onDayEnd: (listener: (head: ChainHead) => void) => void
  /** Opens the file by its name again, where something has moved it away. */
  reopen: () => Promise<void>
  /** Writes what waits, as far as it can be written. */
  close: () => Promise<void>
}>

export type AccessLogOptions = Readonly<{
  version: string
  /** Is called when lines cannot be written any more, and with null once they can again. */
  onTrouble: (why: string | null) => void
  onDropped: (lines: number) => void
  now?: () => number
}>

/** The failure says why nothing can be written to `directory`. */
export const openAccessLog = (directory: string, options: AccessLogOptions): E.Either<string, AccessLog> =>
  pipe(
    takeFolder(directory),
    E.map((folder) => writerTo(folder, options)),
  )

/** `head`: the chain up to and with this line. */
type Waiting = Readonly<{ file: string; bytes: Buffer; head: ChainHead }>

/** Somebody who waits until so many lines are on the disk. */
type Waiter = Readonly<{ line: number; resolve: (outcome: E.Either<string, void>) => void }>

const writerTo = (
  folder: LogFolder,
  { version, onTrouble, onDropped, now = Date.now }: AccessLogOptions,
): AccessLog => {
  const files = logFilesIn(folder.path)
  const log_id = folder.log_id ?? newId()
  const waiting: Waiting[] = []
  let waiters: readonly Waiter[] = []
  let waitingBytes = 0
  let dropped = 0
  let head = folder.head
  let onDisk = folder.head
  let failure: string | null = null
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> | null = null
  let wantsReopening = false
  let file: string | null = null
  let dayEnded: (head: ChainHead) => void = () => undefined
  /** Of the first line that waits, the beginning is in the file. */
  let isPartial = false

  const push = (line: LineFields): void => {
    const time = new Date(now()).toISOString()
    const next = chained(head, time, line)
    const bytes = Buffer.from(`${next.text}\n`)
    head = next.head
    waitingBytes += bytes.length
    waiting.push({ file: dayFileOf(time), bytes, head })
  }

  /** Whether it was taken. */
  const take = (line: LineFields): boolean => {
    if (waitingBytes > MOST_WAITING_BYTES) {
      dropped += 1
      onDropped(1)
      return false
    }
    if (dropped > 0) {
      push({ kind: 'dropped', lines: dropped })
      dropped = 0
    }
    push(line)
    return true
  }

  const settle = (): void => {
    const settled = failure === null ? waiters.filter(({ line }) => line <= onDisk.lines) : waiters
    waiters = failure === null ? waiters.filter(({ line }) => line > onDisk.lines) : []
    for (const { resolve } of settled) resolve(failure === null ? E.right(undefined) : E.left(failure))
  }

  /** Removes what was written from the front of the queue; a line may be written in part. */
  const written = (bytes: number): void => {
    waitingBytes -= bytes
    let whole = 0
    let rest = bytes
    for (const line of waiting) {
      if (rest < line.bytes.length) break
      rest -= line.bytes.length
      whole += 1
    }
    waiting.splice(0, whole)
    const [first] = waiting
    isPartial = rest > 0
    if (isPartial && first !== undefined) waiting[0] = { ...first, bytes: first.bytes.subarray(rest) }
  }

  const writeAll = async (): Promise<void> => {
    try {
      if (wantsReopening && !isPartial) {
        await files.close()
        wantsReopening = false
      }
      for (let block = nextBlock(waiting); block !== null; block = nextBlock(waiting)) {
        if (file !== null && file !== block.file) dayEnded(onDisk)
        file = block.file
        const taken = await files.append(block.file, block.bytes)
        written(taken)
        if (taken < block.bytes.length) continue
        await files.sync()
        onDisk = block.head
        if (failure !== null) onTrouble(null)
        failure = null
        settle()
      }
    } catch (error) {
      // The next try opens the file by its name: it may be another one by then.
      await files.close().catch(() => undefined)
      const why = codeOf(error)
      if (failure === null) onTrouble(why)
      failure = why
      settle()
    }
  }

  const flush = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    // Whatever comes while it writes is written by it, or scheduled by it at its end.
    if (writing !== null) return writing
    writing = writeAll()
    await writing
    writing = null
    if (waiting.length > 0) schedule()
  }

  const schedule = (): void => {
    timer ??= setTimeout(flush, failure === null ? FLUSH_AFTER_MS : RETRY_AFTER_MS).unref()
  }

  take({ kind: 'start', log_id, pid: process.pid, version, torn: folder.torn })
  void flush()

  return {
    log_id,
    write: (line) => {
      take(line)
      schedule()
    },
    writeSynced: async (line) => {
      if (!take(line)) return E.left(failure ?? TOO_MUCH)
      const outcome = new Promise<E.Either<string, void>>((resolve) => {
        const late = setTimeout(resolve, SYNC_WITHIN_MS, E.left('the disk does not answer'))
        const settled = (is: E.Either<string, void>) => {
          clearTimeout(late)
          resolve(is)
        }
        waiters = [...waiters, { line: head.lines, resolve: settled }]
      })
      void flush()
      return outcome
    },
    isFailing: () => failure !== null || dropped > 0,
    head: () => onDisk,
    onDayEnd: (listener) => {
      dayEnded = listener
    },
    reopen: async () => {
      wantsReopening = true
      push({ kind: 'start', log_id, pid: process.pid, version, torn: false })
      await flush()
    },
    close: async () => {
      const deadline = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref())
      await Promise.race([flush().then(flush), deadline])
      if (timer !== null) clearTimeout(timer)
      folder.lock.release()
      await Promise.race([files.close(), deadline])
    },
  }
}

/** The next lines of one file, as one block; null where nothing waits. `head` is the chain after its last line. */
const nextBlock = (waiting: readonly Waiting[]): Waiting | null => {
  const [first] = waiting
  if (first === undefined) return null
  const lines: Waiting[] = []
  let bytes = 0
  for (const line of waiting) {
    if (line.file !== first.file || (bytes > 0 && bytes + line.bytes.length > BLOCK_BYTES)) break
    lines.push(line)
    bytes += line.bytes.length
  }
  return { file: first.file, bytes: Buffer.concat(lines.map((line) => line.bytes)), head: (lines.at(-1) ?? first).head }
}

const BLOCK_BYTES = 1024 * 1024
const MOST_WAITING_BYTES = 8 * 1024 * 1024
// A line is on the disk within a second, also where writing it takes a while.
const FLUSH_AFTER_MS = 250
const RETRY_AFTER_MS = 1_000
const SYNC_WITHIN_MS = 5_000
const CLOSE_WITHIN_MS = 2_000
const TOO_MUCH = 'too many lines wait to be written'
