/** Events of the access stream that are about the log itself: a new origin, a move from another store. */
// STORAGE CONTRACT: types and fields of what is stored never change.
import { randomBytes } from 'node:crypto'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStoreConfig, OpenFailure } from '../../event-store/config.ts'
import type { AppendFailure, NewEvent, ReadFailure, StreamPage } from '../../event-store/event-store.ts'
import { openEventStore } from '../../event-store/open.ts'
import { newId } from '../../lib/new-id.ts'

/** `last_note`: the last checkpoint that was signed before, as its log published it. */
export type LogEvent =
  | Readonly<{ type: 'LogOriginStarted'; data: Readonly<{ origin: string; last_note: string }> }>
  | Readonly<{ type: 'LedgerMoved'; data: Readonly<{ last_note: string }> }>

/** `actor`: on whose behalf. `occurred_at`: 24 characters, UTC. */
export type LogEventContext = Readonly<{ actor: string; occurred_at: string }>

/**
 * Appends to the access stream of the ledger that `config` names, which nobody else may have open for writing. What its last
 * event says already is not said again.
 */
export const appendLogEvent = (
  config: EventStoreConfig,
  { type, data }: LogEvent,
  { actor, occurred_at }: LogEventContext,
): TE.TaskEither<OpenFailure | ReadFailure | AppendFailure, void> => {
  const id = newId()
  const metadata = {
    schema_version: 1,
    command_id: id,
    actor,
    recorded_by: { principal: null, via: 'cli' },
    occurred_at_from: 'clock',
    nonce: randomBytes(16).toString('base64url'),
    $correlationId: id,
    $causationId: id,
  }
  const event: NewEvent = {
    event_id: newId(),
    type,
    data: JSON.stringify({ ...data, occurred_at }),
    metadata: JSON.stringify(metadata),
  }
  return TE.bracketW(
    openEventStore(config, 'write'),
    ({ access }) =>
      pipe(
        access.read({ from: 'end', direction: 'backward', limit: 1 }),
        TE.flatMap<StreamPage, ReadFailure | AppendFailure, unknown>(({ events: [last] }) =>
          last?.type === type && last.data.startsWith(JSON.stringify(data).slice(0, -1))
            ? TE.right(undefined)
            : access.append(last?.revision ?? 'no_stream', [event]),
        ),
        TE.asUnit,
      ),
    (store) => TE.fromTask(store.close),
  )
}
