/** Puts a ledger together: its store, its commands, its projector and its read model. */
import { type Either, right } from 'fp-ts/lib/Either.js'
import type { LedgerConfig } from '../config.ts'
import { type EventStore, START } from '../event-store/event-store.ts'
import { openEventStore } from '../event-store/open.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { unlessAborted } from '../lib/abortable.ts'
import {
  type Projector,
  type ProjectorFailure,
  type ProjectorLog,
  startProjector,
} from '../read-model/projector/projector.ts'
import type { ReadModel } from '../read-model/read-model.ts'
import type { ReadModelOpenFailure } from '../read-model/sqlite/database.ts'
import type { Waiting } from '../transfer/patience.ts'
import { type CliFailure, EXIT, failed, openFailure } from './outcome.ts'

export type OpenLedger = Readonly<{
  store: EventStore
  ledger: Ledger
  projector: Projector
  /** Stops the projector, answers what is under way and lets go of the files. */
  close: () => Promise<void>
}>

export type OpenOptions = Readonly<{ rebuild?: boolean; log?: ProjectorLog }>

/** Opens the ledger for writing: this process owns its files until `close`. */
export const openLedger = async (
  { eventStore, readModelPath }: LedgerConfig,
  options: OpenOptions = {},
): Promise<Either<CliFailure, OpenLedger>> => {
  const store = await openEventStore(eventStore, 'write')()
  if (store._tag === 'Left') return openFailure(store.left)
  const starting = startProjector({ eventStore, path: readModelPath, ...options })()
  // Loaded while the projector's thread starts, which takes longest.
  const { createLedger } = await import('../ledger/ledger.ts')
  const projector = await starting
  if (projector._tag === 'Left') {
    await store.right.close()
    return projectorFailure(projector.left)
  }
  return right({
    store: store.right,
    ledger: createLedger(store.right),
    projector: projector.right,
    close: async () => {
      await projector.right.stop()
      await store.right.close()
    },
  })
}

/**
 * Waits until the read model holds all that the log holds now: for a log that does not answer as long as the patience
 * lasts, for the read model until the signal. Null where it does, else why not.
 */
export const caughtUp = async (
  { store, projector }: OpenLedger,
  waiting: Partial<Waiting> = {},
): Promise<string | null> => {
  const { silence, QUIETLY } = await import('../transfer/patience.ts')
  const wait = { ...QUIETLY, ...waiting }
  const quiet = silence(wait)
  for (;;) {
    const head = await store.headPosition()()
    if (head._tag === 'Right') {
      quiet.broken()
      const reached = await unlessAborted(projector.caughtUpTo(head.right), wait.signal)
      return reached === null ? 'stopped while it was being filled' : reached ? null : 'the projector ended early'
    }
    if (!(await quiet.outlasts(head.left.detail))) return head.left.detail
  }
}

/** Opens the log for reading, beside whoever owns it. */
export const openLog = async ({ eventStore }: LedgerConfig): Promise<Either<CliFailure, EventStore>> => {
  const store = await openEventStore(eventStore, 'read')()
  return store._tag === 'Left' ? openFailure(store.left) : store
}

/** How many events the log holds, for a progress bar. Null where it does not answer. */
export const eventsIn = async (store: EventStore): Promise<number | null> => {
  const all = await store.backlog(START)()
  return all._tag === 'Right' ? all.right.events : null
}

/** Opens the read model for reading, beside whoever keeps it. */
export const openTables = async ({ readModelPath }: LedgerConfig): Promise<Either<CliFailure, ReadModel>> => {
  const { openReadModel } = await import('../read-model/sqlite/open.ts')
  const readModel = await openReadModel({ path: readModelPath })()
  return readModel._tag === 'Left' ? readModelFailure(readModel.left) : readModel
}

/** Why the projector did not start, told to whoever called the program. */
export const projectorFailure = (failure: ProjectorFailure): Either<CliFailure, never> => {
  switch (failure._tag) {
    case 'ReadModelDamaged':
      return readModelFailure(failure)
    case 'CheckpointBeyondHead':
      return failed(
        EXIT.store,
        `${failure.path} is ahead of the log: ${failure.detail}`,
        'check that both belong together; then `run-ledger projections rebuild` makes it again',
      )
    default:
      return openFailure(failure)
  }
}

/** Why the read model cannot be read, told to whoever called the program. */
export const readModelFailure = (failure: ReadModelOpenFailure): Either<CliFailure, never> =>
  failed(EXIT.store, ...linesOf(failure))

const linesOf = (failure: ReadModelOpenFailure): readonly string[] => {
  switch (failure._tag) {
    case 'ReadModelMissing':
      return [`there is no read model at ${failure.path}`, '`run-ledger projections rebuild` makes it from the log']
    case 'ReadModelDamaged':
      return [
        `${failure.path} cannot be used: ${failure.detail}`,
        'delete it, and `run-ledger projections rebuild` makes it again from the log',
      ]
    case 'ReadModelOutdated':
      return [
        `${failure.path} was made by another version of the program`,
        '`run-ledger projections rebuild` makes it again from the log',
      ]
    default:
      return failure satisfies never
  }
}
