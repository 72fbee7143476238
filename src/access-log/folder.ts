/** The folder that one process writes its access log to: one file a day, and a chain that goes on after a restart. */
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { type FileLock, lockFile } from '../event-store/embedded/file-lock.ts'
import { type ChainHead, hashOf, START_OF_CHAIN } from './line.ts'

export type LogFolder = Readonly<{
  path: string
  lock: FileLock
  /** Of the chain that is continued; null where a new one begins. */
  log_id: string | null
  head: ChainHead
  /** The last line has no end: a process was killed while it wrote. */
  torn: boolean
}>

/**
 * Takes the first folder of `directory` that no other process writes to, and makes it where all are taken. The failure says
 * why nothing can be written there.
 */
export const takeFolder = (directory: string): E.Either<string, LogFolder> => {
  for (let number = 1; number <= MOST_PROCESSES; number += 1) {
    const path = join(directory, `process-${number}`)
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
      const locked = lockFile(join(path, 'writer'), { pid: process.pid })
      if (locked._tag === 'Right') return E.right({ path, lock: locked.right, ...endOf(path) })
      if (locked.left._tag !== 'StoreInUse') return E.left(locked.left.detail)
    } catch (error) {
      return E.left(`${path} cannot be used (${codeOf(error)})`)
    }
  }
  return E.left(`${directory} has ${MOST_PROCESSES} folders, and all are written to`)
}

const MOST_PROCESSES = 1_000

export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

/** The days' files of a folder, oldest first. */
export const dayFilesOf = (path: string): readonly string[] =>
  readdirSync(path)
    .filter((name) => DAY_FILE.test(name))
    .sort()

const DAY_FILE = /^\d{4}-\d\d-\d\d\.ndjson$/

export const dayFileOf = (time: string): string => `${time.slice(0, 10)}.ndjson`

/** Where the chain of a folder ends. A line that was torn off is ended, and stays as it is. */
const endOf = (path: string): Pick<LogFolder, 'log_id' | 'head' | 'torn'> => {
  for (const name of dayFilesOf(path).toReversed()) {
    const tail = tailOf(join(path, name))
    if (tail.length === 0) continue
    const torn = tail.at(-1) !== NEWLINE
    if (torn) appendFileSync(join(path, name), '\n')
    const lines = linesOf(torn ? tail : tail.subarray(0, -1))
    const last = lines.at(-1) as Buffer
    // A torn line is part of the chain as it is, and counts as one.
    const number = torn ? numberIn(lines.at(-2)) + 1 : numberIn(last)
    return { log_id: logIdIn(path), head: { lines: number, hash: hashOf(last) }, torn }
  }
  return { log_id: null, head: START_OF_CHAIN, torn: false }
}

const NEWLINE = 0x0a

/** More than the longest line has. */
const TAIL_BYTES = 256 * 1024

const tailOf = (path: string): Buffer => {
  const fd = openSync(path, 'r')
  try {
    const { size } = fstatSync(fd)
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES))
    readSync(fd, tail, 0, tail.length, size - tail.length)
    return tail
  } finally {
    closeSync(fd)
  }
}

const linesOf = (bytes: Buffer): readonly Buffer[] => {
  const lines: Buffer[] = []
  let from = 0
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
    lines.push(bytes.subarray(from, end))
    from = end + 1
  }
  return [...lines, bytes.subarray(from)]
}

/** 0 where it cannot be read: the verifier reports such a line. */
const numberIn = (line: Buffer | undefined): number => Number(/"line":(\d+)/.exec(line?.toString() ?? '')?.[1] ?? 0)

/** The id that the folder's first line gives to its chain. */
const logIdIn = (path: string): string | null => {
  for (const name of dayFilesOf(path)) {
    const fd = openSync(join(path, name), 'r')
    const beginning = Buffer.alloc(4_096)
    const read = readSync(fd, beginning, 0, beginning.length, 0)
    closeSync(fd)
    const id = /"log_id":"([^"]+)"/.exec(beginning.subarray(0, read).toString())?.[1]
    if (id !== undefined) return id
  }
  return null
}
