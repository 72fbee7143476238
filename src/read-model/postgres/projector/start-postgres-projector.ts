/** Starts a projector into PostgreSQL: any number of them, in any processes, share the work. */
import { extname } from 'node:path'
import { left, right } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStoreConfig } from '../../../event-store/config.ts'
import type { Projector, ProjectorFailure, ProjectorLog } from '../../projector/projector.ts'
import { superviseWorker } from '../../projector/worker-supervisor.ts'
import { openAsking } from './asking.ts'
import type { PostgresWorkerOptions } from './postgres-projector-worker.ts'

export type PostgresProjectorOptions = Readonly<{
  eventStore: EventStoreConfig
  /** As `checkPostgresUrl` takes it. */
  url: string
  /** Begin a rebuild at once; one that is under way goes on in any case. */
  rebuild?: boolean
  log?: ProjectorLog
}>

// The published program is compiled, a clone runs as it is.
const WORKER = new URL(`./postgres-projector-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Joins those who project into the database at `url`, in a worker thread that is started again should it ever die. Fails
 * where the database cannot be reached, and where its tables are of another log.
 */
export const startPostgresProjector =
  ({ eventStore, url, rebuild = false, log }: PostgresProjectorOptions): TE.TaskEither<ProjectorFailure, Projector> =>
  async () => {
    const data: PostgresWorkerOptions = { eventStore, url, rebuild }
    const supervisor = superviseWorker({ worker: WORKER, data, dataAgain: { ...data, rebuild: false }, log })
    const failure = await supervisor.started
    if (failure !== null) return left(failure)
    const asking = openAsking(url)
    let stopping: Promise<void> | null = null
    const stop = async (): Promise<void> => {
      await asking.close()
      await supervisor.stop()
    }
    return right({
      alive: supervisor.alive,
      rebuild: asking.rebuild,
      retry: asking.retry,
      // PostgreSQL's administrators restore its files.
      replaceDamaged: () => TE.right(undefined),
      caughtUpTo: asking.caughtUpTo,
      announce: () => undefined,
      stop: () => {
        stopping ??= stop()
        return stopping
      },
    })
  }
