/** Starts the projector. */
import { mkdirSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { lockFile } from '../../event-store/embedded/file-lock.ts'
import type { CommitFailure } from '../projection-store.ts'
import type { Projector, ProjectorFailure, ProjectorOptions, Rebuilt, Retried, RetryFailure } from './projector.ts'
import type { WorkerOptions } from './worker-messages.ts'
import { superviseWorker } from './worker-supervisor.ts'

// The published program is compiled, a clone runs as it is.
const WORKER = new URL(`./projector-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Takes the read model's lock, makes its tables where they are missing, and follows the log in a worker thread that is
 * started again should it ever die.
 */
export const startProjector =
  (options: ProjectorOptions): TE.TaskEither<ProjectorFailure, Projector> =>
  async () => {
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 })
    } catch (error) {
      return left({ _tag: 'ReadModelOutOfReach', path: options.path, detail: (error as Error).message })
    }
    const locked = lockFile(options.path, { pid: process.pid })
    if (locked._tag === 'Left') return locked
    const { eventStore, path, rebuild, onRebuilt, log } = options
    const data: WorkerOptions = { eventStore, path, rebuild: rebuild === true }
    // A rebuild that was asked for is under way when a worker dies: its checkpoint says so.
    const dataAgain = { ...data, rebuild: false }
    const supervisor = superviseWorker({ worker: WORKER, data, dataAgain, onRebuilt, log })
    const failure = await supervisor.started
    if (failure !== null) {
      locked.right.release()
      return left(failure)
    }
    return right({
      alive: supervisor.alive,
      rebuild: () => supervisor.ask<Rebuilt>({ type: 'rebuild' }),
      retry: (which) =>
        pipe(
          supervisor.ask<Either<CommitFailure, Retried>>({ type: 'retry', which }),
          TE.flatMap((answer) => TE.fromEither<RetryFailure, Retried>(answer)),
        ),
      replaceDamaged: (detail) => supervisor.ask({ type: 'set_aside', detail }),
      caughtUpTo: async (position) => (await supervisor.ask({ type: 'caught_up', position })())._tag === 'Right',
      announce: (url) => locked.right.announce({ url }),
      stop: async () => {
        await supervisor.stop()
        locked.right.release()
      },
    })
  }
