/** What a change of access leads to, or why it is refused. Pure: time, ids and secrets come in with it. */
import * as E from 'fp-ts/lib/Either.js'
import { msOf, type Time, timeOf } from '../run/time.ts'
import { type AccessState, type Key, keyStatus } from './access-state.ts'
import type { AccessEvent, KeyIssued } from './events.ts'
import type { Role } from './roles.ts'

export type IssueKey = Readonly<{
  name: string
  roles: readonly Role[]
  act_as: string | null
  /** From now on where it is null. */
  not_before: Time | null
  /** 90 days after `not_before` where it is null. */
  expires_at: Time | null
  /** The key of the same name and owner that this one succeeds. */
  succeeds: string | null
}>

/** `field` is that of the request. */
export type KeyRefused =
  | Readonly<{ _tag: 'KeyNameUsed'; name: string }>
  | Readonly<{ _tag: 'KeyInvalid'; field: keyof IssueKey; detail: string }>

export const MAX_KEY_DAYS = 365
const DEFAULT_KEY_DAYS = 90
const DAY_MS = 24 * 60 * 60 * 1000

/** A name stays its owner's for ever, so that the audit trail names one; only a key that says whom it succeeds may share it. */
export const decideIssue =
  (request: IssueKey, { key_id, secret_sha256, now }: Readonly<{ key_id: string; secret_sha256: string; now: Time }>) =>
  ({ keys }: AccessState): E.Either<KeyRefused, KeyIssued> => {
    if (keys.size === 0 && !request.roles.includes('admin'))
      return invalid('roles', 'must hold admin for the first key: without one nobody could issue another over HTTP')
    const { name, roles, act_as, succeeds } = request
    const not_before = request.not_before ?? now
    const expires_at = request.expires_at ?? timeOf(msOf(not_before) + DEFAULT_KEY_DAYS * DAY_MS)
    if (expires_at <= now || expires_at <= not_before)
      return invalid('expires_at', 'must be later than now and than not_before')
    if (msOf(expires_at) > msOf(now) + MAX_KEY_DAYS * DAY_MS)
      return invalid('expires_at', `must be at most ${MAX_KEY_DAYS} days from now`)
    if (succeeds !== null && keys.get(succeeds)?.name !== name)
      return invalid('succeeds', 'must be the id of a key of the same name')
    if (succeeds === null && [...keys.values()].some((key) => key.name === name))
      return E.left({ _tag: 'KeyNameUsed', name })
    return E.right({
      type: 'KeyIssued',
      data: {
        key_id,
        name,
        roles: [...new Set(roles)],
        act_as,
        secret_sha256,
        not_before,
        expires_at,
        succeeds,
        occurred_at: now,
      },
    })
  }

const invalid = (field: keyof IssueKey, detail: string): E.Either<KeyRefused, never> =>
  E.left({ _tag: 'KeyInvalid', field, detail })

export type RevokeRefused = Readonly<{ _tag: 'NoSuchKey' }> | Readonly<{ _tag: 'LastAdmin' }>

/** No event where the key is revoked already. Nobody could issue keys over HTTP once the last valid admin's is gone. */
export const decideRevoke =
  (key_id: string, now: Time) =>
  ({ keys }: AccessState): E.Either<RevokeRefused, AccessEvent | null> => {
    const key = keys.get(key_id)
    if (key === undefined) return E.left({ _tag: 'NoSuchKey' })
    if (key.revoked_at !== null) return E.right(null)
    if (isValidAdmin(now)(key) && [...keys.values()].filter(isValidAdmin(now)).length === 1)
      return E.left({ _tag: 'LastAdmin' })
    return E.right({ type: 'KeyRevoked', data: { key_id, occurred_at: now } })
  }

const isValidAdmin =
  (now: Time) =>
  (key: Key): boolean =>
    key.roles.includes('admin') && keyStatus(key, now) === 'valid'

/** No event where the session was signed out of already. */
export const decideSignOut =
  (session_id: string, expires_at: Time, now: Time) =>
  ({ signedOut }: AccessState): E.Either<never, AccessEvent | null> =>
    E.right(
      signedOut.has(session_id) ? null : { type: 'SignedOut', data: { session_id, expires_at, occurred_at: now } },
    )
