/** The fold of the access stream: which keys there are, and which sessions were signed out of. */
import * as E from 'fp-ts/lib/Either.js'
import type { StoredEvent } from '../event-store/event-store.ts'
import type { Time } from '../run/time.ts'
import { type AccessUnreadable, decodeAccessEvent, type KeyIssued, type RecordedAccessEvent } from './events.ts'
import type { Role } from './roles.ts'

/** A key as it stands. Times are in UTC with milliseconds, so that the order of their texts is theirs. */
export type Key = Readonly<{
  key_id: string
  name: string
  roles: readonly Role[]
  /** The pattern of the actors that it may name; null: none but itself. */
  act_as: string | null
  /** SHA-256 of the secret. */
  secret: Buffer
  not_before: Time
  expires_at: Time
  issued_at: Time
  issued_by: string
  revoked_at: Time | null
  revoked_by: string | null
}>

export type AccessState = Readonly<{
  /** Of the last event, -1 before the first. */
  revision: number
  keys: ReadonlyMap<string, Key>
  /** The ids of sessions that were signed out of, with the time after which they would have ended by themselves. */
  signedOut: ReadonlyMap<string, Time>
}>

export const NO_ACCESS: AccessState = { revision: -1, keys: new Map(), signedOut: new Map() }

/** The state after `events`, which follow those of `state`. Left where one cannot be read or does not follow. */
export const foldAccess = (
  state: AccessState,
  events: readonly StoredEvent[],
): E.Either<AccessUnreadable, AccessState> => {
  const keys = new Map(state.keys)
  const signedOut = new Map(state.signedOut)
  let { revision } = state
  for (const stored of events) {
    // A subscription may repeat what was read before it began.
    if (stored.revision <= revision) continue
    if (stored.revision !== revision + 1) return missing(revision + 1)
    const event = decodeAccessEvent(stored)
    if (event._tag === 'Left') return event
    if (event.right !== null) evolve({ keys, signedOut }, event.right)
    revision = stored.revision
  }
  return E.right({ revision, keys, signedOut })
}

const missing = (revision: number): E.Either<AccessUnreadable, never> =>
  E.left({ _tag: 'AccessUnreadable', detail: `revision ${revision} of the access stream is missing` })

const evolve = (
  { keys, signedOut }: Readonly<{ keys: Map<string, Key>; signedOut: Map<string, Time> }>,
  event: RecordedAccessEvent,
): void => {
  switch (event.type) {
    case 'KeyIssued':
      keys.set(event.data.key_id, keyOf(event.data, event.metadata.actor))
      return
    case 'KeyRevoked': {
      const key = keys.get(event.data.key_id)
      if (key !== undefined && key.revoked_at === null)
        keys.set(key.key_id, { ...key, revoked_at: event.data.occurred_at, revoked_by: event.metadata.actor })
      return
    }
    case 'SignedOut':
      // Sessions that have ended by themselves need no longer be remembered.
      for (const [session, until] of signedOut) if (until <= event.data.occurred_at) signedOut.delete(session)
      signedOut.set(event.data.session_id, event.data.expires_at)
      return
    default:
      event satisfies never
  }
}

const keyOf = (data: KeyIssued['data'], issued_by: string): Key => {
  const { secret_sha256, occurred_at, succeeds: _, ...key } = data
  return {
    ...key,
    secret: Buffer.from(secret_sha256, 'hex'),
    issued_at: occurred_at,
    issued_by,
    revoked_at: null,
    revoked_by: null,
  }
}

export type KeyStatus = 'valid' | 'not_yet_valid' | 'expired' | 'revoked'

export const keyStatus = ({ revoked_at, not_before, expires_at }: Key, now: Time): KeyStatus => {
  if (revoked_at !== null) return 'revoked'
  if (now >= expires_at) return 'expired'
  return now < not_before ? 'not_yet_valid' : 'valid'
}
