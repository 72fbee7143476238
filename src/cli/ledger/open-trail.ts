/** Opens the audit trail for reading, and warns where it lacks events of the log. */
import { pipe } from 'fp-ts/lib/function.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerConfig } from '../../config.ts'
import type { EventStore, Position } from '../../event-store/event-store.ts'
import { ledgerIdOf } from '../../event-store/ledger-id.ts'
import type { ReadModel } from '../../read-model/read-model.ts'
import { type CliFailure, closing, type Outcome } from '../outcome.ts'
import { remark } from '../output/output.ts'
import { counted } from '../output/wording.ts'
import { eventsIn, ofReading, openLog, openTables } from './open-ledger.ts'

/**
 * When they were opened. Of the log: how many events it held, the position of the last (the read model's where the log does
 * not answer), and its identity; null where not known. `position`: how far the read model had got.
 */
export type Extent = Readonly<{ events: number | null; head: Position; id: string | null; position: Position }>

/**
 * Opens the log and the read model, beside the process that writes them, for `use`. Where the read model is behind the log, a
 * line on standard error says by how much.
 */
export const withLedgerFiles = (
  config: LedgerConfig,
  use: (files: Readonly<{ log: EventStore; readModel: ReadModel; extent: Extent }>) => Outcome,
): Outcome =>
  TE.bracket(
    // The log first: without one there is nothing that a read model could belong to.
    openLog(config),
    (log) =>
      TE.bracket(
        openTables(config),
        (readModel) =>
          pipe(
            extentOf(log, readModel),
            TE.flatMap((extent) => use({ log, readModel, extent })),
          ),
        closing,
      ),
    closing,
  )

/** `withLedgerFiles` for what needs the read model only, and may run for days. */
export const withTrail = (config: LedgerConfig, use: (readModel: ReadModel, extent: Extent) => Outcome): Outcome =>
  withLedgerFiles(config, ({ log, readModel, extent }) =>
    pipe(
      closing(log),
      TE.flatMap(() => use(readModel, extent)),
    ),
  )

const extentOf = (log: EventStore, readModel: ReadModel): TE.TaskEither<CliFailure, Extent> =>
  pipe(
    T.Do,
    T.bind('events', () => eventsIn(log)),
    T.bind('head', () => orNull(log.headPosition())),
    T.bind('id', () => orNull(ledgerIdOf(log))),
    T.bind(
      'reached',
      ({ head }) =>
        async () =>
          head !== null && (await readModel.waitFor(head, CATCH_UP_MS)),
    ),
    TE.fromTask,
    TE.bind('position', readModel.position),
    TE.mapLeft(ofReading),
    TE.tapTask(({ reached, position }) => (reached ? T.of(undefined) : remarkOnLag(log, position))),
    TE.map(({ events, head, id, position }) => ({ events, head: head ?? position, id, position })),
  )

// A read model whose projector runs is never behind for longer.
const CATCH_UP_MS = 300

const orNull = <A>(read: TE.TaskEither<unknown, A>): T.Task<A | null> =>
  pipe(
    read,
    TE.match(
      () => null,
      (value) => value,
    ),
  )

const remarkOnLag = (log: EventStore, position: Position): T.Task<void> =>
  pipe(
    log.backlog(position),
    TE.match(
      () => 'the log does not answer, so the read model may lack its last events',
      ({ events }) =>
        `the read model lacks the last ${counted(events, 'event')} of the log: \`run-ledger serve\` brings it up to date`,
    ),
    T.map((line) => remark(`run-ledger: ${line}`)),
  )
