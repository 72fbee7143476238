/** Starts the thread that builds the tree, and starts it again should it ever die. */
import { mkdirSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { StoreInUse } from '../../event-store/config.ts'
import { type FileLock, lockFile } from '../../event-store/embedded/file-lock.ts'
import { type Position, START, type StoreUnavailable, unavailable } from '../../event-store/event-store.ts'
import { backoff } from '../../lib/backoff.ts'
import type { BuilderOptions, FromBuilder } from './messages.ts'

/** `refused`: why nothing is signed, or no leaf added; null while all is well. `signed`: the size that this process signed last. */
export type TrustState = Readonly<{ refused: string | null; signed: number | null; position: Position }>

export type TreeBuilder = Readonly<{
  /** Whether this process was given a key. */
  signs: boolean
  state: () => TrustState
  /** Whether the tree got to `position`; false where the builder was stopped before, or refuses to go on. */
  grownTo: (position: Position) => Promise<boolean>
  /** Adds what is read to the tree, and lets go of the files. A second call does nothing. */
  stop: () => Promise<void>
}>

export type BuilderLog = (entry: Readonly<{ level: 'info' | 'warn' | 'error'; message: string }>) => void

const RESTART = { minDelay: 200, maxDelay: 10_000 } as const
const MEMORY = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 256 } as const

// The published program is compiled, a clone runs as it is.
const WORKER = new URL(`./tree-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Locks the tree and the signing states: StoreInUse where another process builds or signs with them. Where the file of the tree
 * cannot be used, the builder is there and refuses: the ledger goes on without it.
 */
export const startBuilder =
  (options: BuilderOptions, log: BuilderLog): TaskEither<StoreInUse | StoreUnavailable, TreeBuilder> =>
  async () => {
    // With the log and the read model elsewhere, nobody else makes it.
    const made = E.tryCatch(
      () => mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 }),
      (error) => unavailable((error as Error).message),
    )
    if (made._tag === 'Left') return made
    const locked = lockAll([options.path, ...(options.signing?.statePaths ?? [])])
    if (locked._tag === 'Left') return locked
    const release = () => {
      for (const lock of locked.right) lock.release()
    }
    const builder = superviseBuilder(options, log, release)
    await builder.started
    return E.right(builder)
  }

const lockAll = (paths: readonly string[]): E.Either<StoreInUse | StoreUnavailable, readonly FileLock[]> => {
  const locks: FileLock[] = []
  for (const path of paths) {
    const locked = lockFile(path, { pid: process.pid })
    if (locked._tag === 'Left') {
      for (const lock of locks) lock.release()
      return locked
    }
    locks.push(locked.right)
  }
  return E.right(locks)
}

type Supervised = TreeBuilder & Readonly<{ started: Promise<void> }>

const superviseBuilder = (options: BuilderOptions, log: BuilderLog, release: () => void): Supervised => {
  const started = Promise.withResolvers<void>()
  let state: TrustState = { refused: null, signed: null, position: START }
  let waiting: readonly Readonly<{ position: Position; end: (reached: boolean) => void }>[] = []
  let worker: Worker | null = null
  let hasGivenUp = false
  let deaths = 0
  let restart: NodeJS.Timeout | undefined
  let stopping: Promise<void> | null = null

  const settle = (isOver: (position: Position) => boolean, reached: boolean): void => {
    for (const { end } of waiting.filter(({ position }) => isOver(position))) end(reached)
    waiting = waiting.filter(({ position }) => !isOver(position))
  }

  const refuse = (detail: string): void => {
    state = { ...state, refused: detail }
    log({ level: 'error', message: `tree: no checkpoint is signed: ${detail}` })
    settle(() => true, false)
  }

  const signAgain = (): void => {
    state = { ...state, refused: null }
    log({ level: 'info', message: 'tree: checkpoints are signed again' })
  }

  const receive = (message: FromBuilder): void => {
    switch (message.type) {
      case 'started':
        deaths = 0
        started.resolve()
        break
      case 'not_started':
        hasGivenUp = true
        refuse(message.detail)
        started.resolve()
        break
      case 'grown':
        state = { ...state, position: message.position }
        settle((position) => position <= message.position, true)
        break
      case 'signed':
        state = { ...state, signed: message.size }
        break
      case 'refused':
        if (message.detail === null) signAgain()
        else refuse(message.detail)
        break
      case 'log':
        log(message)
        break
      default:
        message satisfies never
    }
  }

  const spawn = (): void => {
    const born = new Worker(WORKER, { workerData: options, resourceLimits: MEMORY })
    worker = born
    born.on('message', receive)
    born.on('error', (error) => {
      log({ level: 'error', message: `tree: ${(error as Error).stack ?? String(error)}` })
      started.resolve()
    })
    born.on('exit', () => {
      worker = null
      if (stopping !== null || hasGivenUp) return
      const wait = backoff(RESTART, deaths)
      deaths += 1
      log({ level: 'error', message: `tree: its thread died, and is started again in ${Math.round(wait)} ms` })
      restart = setTimeout(spawn, wait)
    })
  }

  const end = async (): Promise<void> => {
    clearTimeout(restart)
    const ended = new Promise<unknown>((resolve) => (worker === null ? resolve(null) : worker.once('exit', resolve)))
    worker?.postMessage('stop')
    await ended
    settle(() => true, false)
    release()
  }

  spawn()
  return {
    signs: options.signing !== null,
    started: started.promise,
    state: () => state,
    grownTo: (position) =>
      new Promise((resolve) => {
        if (state.position >= position) return resolve(true)
        if (stopping !== null || state.refused !== null) return resolve(false)
        waiting = [...waiting, { position, end: resolve }]
      }),
    stop: () => {
      stopping ??= end()
      return stopping
    },
  }
}
