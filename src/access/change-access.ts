/** Appends to the access stream what was decided on its state. */
import type * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { AccessStream, AppendFailure, NewEvent } from '../event-store/event-store.ts'
import { newId } from '../lib/new-id.ts'
import { random16 } from '../lib/random.ts'
import { type AccessUnavailable, readAccess } from './access-follower.ts'
import { type AccessState, NO_ACCESS } from './access-state.ts'
import { type AccessEvent, type AccessMetadata, encodeAccessEvent } from './events.ts'

/** Who makes the change. */
export type By = Pick<AccessMetadata, 'actor' | 'recorded_by'>

/** The change was not stored, or it is not known whether it was: reading the keys shows it. */
export type AccessNotStored = Readonly<{ _tag: 'AccessNotStored'; outcome: 'not_stored' | 'unknown'; detail: string }>

export type ChangeFailure = AccessUnavailable | AccessNotStored

/** What a change led to: its event, null where there was nothing to store. */
export type Decide<Refused, Event extends AccessEvent | null> = (state: AccessState) => E.Either<Refused, Event>

/**
 * Reads on from `known`, decides, and appends the event at the revision that was decided on; decides again where another
 * append was first. An append of unknown outcome is settled by the same append again.
 */
export const changeAccess =
  (access: AccessStream, by: By, known: AccessState = NO_ACCESS) =>
  <Refused, Event extends AccessEvent | null>(
    decide: Decide<Refused, Event>,
    tries: number = TRIES,
  ): TE.TaskEither<Refused | ChangeFailure, Event> =>
    pipe(
      readAccess(access, known),
      TE.flatMap((state) =>
        pipe(
          TE.fromEither<Refused | ChangeFailure, Event>(decide(state)),
          TE.flatMap((event): TE.TaskEither<Refused | ChangeFailure, Event> => {
            if (event === null) return TE.right(event)
            const encoded = encodeAccessEvent(newId(), event, metadataOf(by))
            return pipe(
              appendAt(access, state.revision, encoded, UNKNOWN_TRIES),
              TE.map(() => event),
              TE.orElse((failure): TE.TaskEither<Refused | ChangeFailure, Event> => {
                if (failure._tag === 'WrongExpectedRevision' && tries > 1)
                  return changeAccess(access, by, state)(decide, tries - 1)
                return TE.left(notStored(failure))
              }),
            )
          }),
        ),
      ),
    )

const TRIES = 10
const UNKNOWN_TRIES = 3

const appendAt = (
  access: AccessStream,
  revision: number,
  event: NewEvent,
  tries: number,
): TE.TaskEither<AppendFailure, unknown> =>
  pipe(
    access.append(revision === -1 ? 'no_stream' : revision, [event]),
    TE.orElseW((failure) =>
      failure._tag === 'StoreUnavailable' && failure.outcome === 'unknown' && tries > 1
        ? appendAt(access, revision, event, tries - 1)
        : TE.left(failure),
    ),
  )

const metadataOf = (by: By): AccessMetadata => ({
  schema_version: 1,
  ...by,
  // Copied out of a pool: 16 bytes as text.
  nonce: random16().toString('base64url'),
})

const notStored = (failure: AppendFailure): AccessNotStored => ({
  _tag: 'AccessNotStored',
  outcome: failure._tag === 'StoreUnavailable' ? failure.outcome : 'not_stored',
  detail: failure._tag === 'StoreUnavailable' ? failure.detail : failure._tag,
})
