/** Puts a ledger together: its store, its commands, its projector and its read model. */
import * as E from 'fp-ts/lib/Either.js'
import { identity, pipe } from 'fp-ts/lib/function.js'
import type * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerConfig } from '../../config.ts'
import type { Clock } from '../../event-store/config.ts'
import { type EventStore, START } from '../../event-store/event-store.ts'
import { openEventStore } from '../../event-store/open.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { unlessAborted } from '../../lib/abortable.ts'
import { openReadModel, type ReadModelOptions, startProjector } from '../../read-model/open.ts'
import type { ReadModelOpenFailure } from '../../read-model/open-failure.ts'
import { isPostgresUrl } from '../../read-model/postgres/address.ts'
import type { Projector, ProjectorFailure, ProjectorLog } from '../../read-model/projector/projector.ts'
import type { ReadModel, ReadModelFailure } from '../../read-model/read-model.ts'
import { createRetry, QUIET_RETRY, type RetryOptions } from '../../transfer/retry.ts'
import type { SigningOptions } from '../../trust/builder/messages.ts'
import { startBuilder, type TreeBuilder } from '../../trust/builder/start-builder.ts'
import { type CliFailure, cliFailure, EXIT, ofOpening } from '../outcome.ts'
import { NO_PROJECTOR } from './no-projector.ts'

export type OpenLedger = Readonly<{
  store: EventStore
  ledger: Ledger
  projector: Projector
  /** Builds the tree of the log, and signs it where this process was given a key. */
  builder: TreeBuilder
  /** Stops the projector and the builder, finishes what is under way and releases the files. */
  close: () => Promise<void>
}>

export type OpenOptions = Readonly<{
  rebuild?: boolean
  /** Whether this process projects into the read model, which is so where it is not given. */
  projects?: boolean
  log?: ProjectorLog
  /** How much memory the states of runs may take that are written to. */
  stateCacheBytes?: number
  /** The subcommand can send to the server that owns the files instead, by `--url`. */
  takesUrl?: boolean
  /** Stands before the store of the commands, to measure or trace what is asked of it. */
  instrument?: (store: EventStore) => EventStore
  /** How this process signs checkpoints; it signs none where this is not given. */
  signing?: SigningOptions
  /** The time that events are recorded at, where that is not the present. */
  clock?: Clock
}>

/** Opens the ledger for writing: this process owns its files until `close`. */
export const openLedger = (
  config: LedgerConfig,
  { takesUrl, stateCacheBytes, clock, signing, projects = true, instrument = identity, ...options }: OpenOptions = {},
): TE.TaskEither<CliFailure, OpenLedger> =>
  pipe(
    openEventStore(config.eventStore, 'write', clock),
    TE.bimap(ofOpening({ takesUrl }), instrument),
    TE.flatMap((store) =>
      pipe(
        TE.Do,
        TE.apS(
          'projector',
          projects
            ? pipe(
                startProjector(config.readModel, { eventStore: config.eventStore, ...options }),
                TE.mapLeft(ofProjector),
              )
            : TE.right(NO_PROJECTOR),
        ),
        // Loaded while the projector's thread starts, which takes longest.
        TE.apS(
          'ledger',
          TE.fromTask(async () =>
            (await import('../../ledger/ledger.ts')).createLedger(
              store,
              stateCacheBytes === undefined ? {} : { stateCacheBytes },
            ),
          ),
        ),
        TE.bind('builder', ({ projector }) =>
          pipe(
            startBuilder(
              { eventStore: config.eventStore, path: config.treePath, signing: signing ?? null },
              options.log ?? (() => undefined),
            ),
            TE.mapLeft(ofOpening()),
            TE.tapError(() => TE.fromTask(projector.stop)),
          ),
        ),
        TE.tapError(() => TE.fromTask(store.close)),
        TE.map((parts) => ({ ...parts, store, close: closeAll(parts, store) })),
      ),
    ),
  )

const closeAll =
  ({ projector, builder }: Pick<OpenLedger, 'projector' | 'builder'>, store: EventStore) =>
  async (): Promise<void> => {
    await Promise.all([projector.stop(), builder.stop()])
    await store.close()
  }

/**
 * Waits until the read model holds all that the log holds now: for a log that does not answer as long as the retries
 * lasts, for the read model until the signal. The failure says why it does not.
 */
export const caughtUp =
  ({ store, projector }: OpenLedger, waiting: Partial<RetryOptions> = {}): TE.TaskEither<string, void> =>
  async () => {
    const wait = { ...QUIET_RETRY, ...waiting }
    const retry = createRetry(wait)
    for (;;) {
      const reached = await pipe(
        store.headPosition(),
        TE.tapIO(() => retry.succeeded),
        TE.flatMapTask((head) => () => unlessAborted(projector.caughtUpTo(head), wait.signal)),
      )()
      if (reached._tag === 'Right') return reachedOr(reached.right)
      if (!(await retry.waitAfter(reached.left.detail))) return E.left(reached.left.detail)
    }
  }

const reachedOr = (reached: boolean | null): E.Either<string, void> => {
  if (reached === null) return E.left('stopped while it was being filled')
  return reached ? E.right(undefined) : E.left('the projector ended early')
}

/** Opens the log for reading, beside the process that owns it. */
export const openLog = ({ eventStore }: LedgerConfig): TE.TaskEither<CliFailure, EventStore> =>
  pipe(openEventStore(eventStore, 'read'), TE.mapLeft(ofOpening()))

/** How many events the log holds, for a progress bar. Null where it does not answer. */
export const eventsIn = (store: EventStore): T.Task<number | null> =>
  pipe(
    store.backlog(START),
    TE.match(
      () => null,
      ({ events }) => events,
    ),
  )

/** Opens the read model for reading, beside the process that writes it. */
export const openTables = (
  { readModel }: LedgerConfig,
  options: ReadModelOptions = {},
): TE.TaskEither<CliFailure, ReadModel> => pipe(openReadModel(readModel, options), TE.mapLeft(ofReadModel))

/** Why the projector did not start. */
export const ofProjector = (failure: ProjectorFailure): CliFailure => {
  switch (failure._tag) {
    case 'ReadModelDamaged':
    case 'ReadModelOutOfReach':
      return ofReadModel(failure)
    case 'CheckpointBeyondHead':
      return cliFailure(
        EXIT.store,
        `${failure.path} is ahead of the log: ${failure.detail}`,
        'check that both belong together; then `run-ledger projections rebuild` makes it again',
      )
    case 'ForeignReadModel':
      return cliFailure(
        EXIT.store,
        `${failure.path} belongs to another log: ${failure.detail}`,
        'check that both belong together; then `run-ledger projections rebuild` makes it again',
      )
    default:
      return ofOpening()(failure)
  }
}

/** Why a question to the open read model has no answer. */
export const ofReading = ({ detail }: ReadModelFailure): CliFailure =>
  cliFailure(EXIT.store, `the read model cannot be read: ${detail}`)

/** Why the read model cannot be opened. */
export const ofReadModel = (failure: ReadModelOpenFailure): CliFailure => cliFailure(EXIT.store, ...linesOf(failure))

const linesOf = (failure: ReadModelOpenFailure): readonly string[] => {
  switch (failure._tag) {
    case 'ReadModelMissing':
      return [`there is no read model at ${failure.path}`, '`run-ledger projections rebuild` makes it from the log']
    case 'ReadModelDamaged':
      return [
        `${failure.path} cannot be used: ${failure.detail}`,
        'delete it, and `run-ledger projections rebuild` makes it again from the log',
      ]
    case 'ReadModelOutOfReach':
      return [
        `${failure.path} cannot be used now: ${failure.detail}`,
        isPostgresUrl(failure.path)
          ? 'check that the server runs, takes connections and has space, then start again'
          : 'it is not damaged: look at the disk, its free space and the permissions, and start again',
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
