/** Writes log lines to a file descriptor without ever waiting for it: what nothing takes is dropped and counted. */
import { constants, openSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

export type LogOutput = Readonly<{
  /** Takes a line, its end included. It is written with others, at the latest after a fifth of a second. */
  write: (line: string) => void
  /** Writes what waits, and gives a slow reader at most a second: for the end of the process. */
  end: () => void
}>

/** `noticeOf` makes the line that says how many lines were dropped; it is written once others can be again. */
export const logOutput = (fd: 1 | 2, noticeOf: (dropped: number) => string): LogOutput => {
  const output = openOutput(fd)
  let lines: string[] = []
  let characters = 0
  let dropped = 0
  /** What the output did not take yet. It may begin in the middle of a line. */
  let rest: Buffer = EMPTY
  let isTimed = false

  const flush = (): void => {
    if (rest.length > 0) rest = rest.subarray(output.write(rest))
    if (rest.length > 0) return
    if (dropped > 0) {
      lines.unshift(noticeOf(dropped))
      dropped = 0
    }
    if (lines.length === 0) return
    const block = Buffer.from(lines.join(''))
    lines = []
    characters = 0
    rest = block.subarray(output.write(block))
  }

  const onTime = (): void => {
    isTimed = false
    flush()
    if (rest.length > 0 || lines.length > 0) schedule()
  }
  const schedule = (): void => {
    if (isTimed) return
    isTimed = true
    setTimeout(onTime, FLUSH_AFTER_MS).unref()
  }

  return {
    write: (line) => {
      if (characters + line.length > MOST_CHARACTERS) {
        dropped += 1
        return
      }
      lines.push(line)
      characters += line.length
      if (characters >= BLOCK_CHARACTERS) flush()
      schedule()
    },
    end: () => {
      const deadline = Date.now() + END_WITHIN_MS
      flush()
      while ((rest.length > 0 || lines.length > 0) && !output.isBroken() && Date.now() < deadline) {
        Atomics.wait(NEVER_NOTIFIED, 0, 0, END_RETRY_MS)
        flush()
      }
    },
  }
}

const EMPTY = Buffer.alloc(0)
const BLOCK_CHARACTERS = 32 * 1024
const MOST_CHARACTERS = 4 * 1024 * 1024
const FLUSH_AFTER_MS = 200
const END_WITHIN_MS = 1_000
const END_RETRY_MS = 5
const NEVER_NOTIFIED = new Int32Array(new SharedArrayBuffer(4))

/** `write` returns how many bytes were taken. `isBroken`: the last write failed, and not because the reader is slow. */
type Output = Readonly<{ write: (bytes: Buffer) => number; isBroken: () => boolean }>

const openOutput = (descriptor: 1 | 2): Output => {
  const fd = withoutWaiting(descriptor)
  let isBroken = false
  return {
    isBroken: () => isBroken,
    write: (bytes) => {
      try {
        const taken = writeSync(fd, bytes)
        isBroken = false
        return taken
      } catch (error) {
        isBroken = (error as NodeJS.ErrnoException).code !== 'EAGAIN'
        return 0
      }
    },
  }
}

/** A descriptor of the same output whose writes fail with EAGAIN where they would have to wait. */
const withoutWaiting = (fd: 1 | 2): number => {
  if (!isatty(fd)) {
    // Node sets O_NONBLOCK on a pipe or socket that it makes a stream of. A file has nobody to wait for.
    void (fd === 1 ? process.stdout : process.stderr)
    return fd
  }
  try {
    // Of a terminal, which Ctrl-S stops, Node leaves the descriptor itself as it is.
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return fd
  }
}
