/** Keys of a ledger for tests: issued straight into its access stream. */
import { randomBytes } from 'node:crypto'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { startAccess } from '../../../src/access/access.ts'
import { readAccess } from '../../../src/access/access-follower.ts'
import { changeAccess } from '../../../src/access/change-access.ts'
import type { IssueKey } from '../../../src/access/decide.ts'
import { issueKey, type KeyStore, revokeKey } from '../../../src/access/issue-key.ts'
import type { Role } from '../../../src/access/roles.ts'
import type { VerifyToken } from '../../../src/access/tokens.ts'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import { type Time, timeOf } from '../../../src/run/time.ts'

const keyStoreOf = ({ access }: EventStore, now: () => Time): KeyStore => ({
  change: changeAccess(access, { actor: 'root', recorded_by: { principal: null, via: 'cli' } }),
  keys: pipe(
    readAccess(access),
    TE.map(({ keys }) => [...keys.values()]),
  ),
  now,
})

const present = (): Time => timeOf(Date.now())

export type IssuedKey = Readonly<{ text: string; key_id: string; bearer: Readonly<{ authorization: string }> }>

/** A key with these roles; it has the name of its roles where none is given. `now`: when it is issued. */
export const issueIn = async (
  store: EventStore,
  roles: readonly Role[],
  more: Partial<IssueKey> = {},
  now: () => Time = present,
): Promise<IssuedKey> => {
  const request = { name: roles.join('-'), roles, act_as: null, not_before: null, expires_at: null, succeeds: null }
  const issued = await issueKey(keyStoreOf(store, now), { ...request, ...more })()
  if (issued._tag === 'Left') throw new Error(JSON.stringify(issued.left))
  const { text, key } = issued.right
  return { text, key_id: key.key_id, bearer: { authorization: `Bearer ${text}` } }
}

export const revokeIn = async (store: EventStore, key_id: string): Promise<void> => {
  const revoked = await revokeKey(keyStoreOf(store, present), key_id)()
  if (revoked._tag === 'Left') throw new Error(JSON.stringify(revoked.left))
}

/** Access with keys, and with tokens where there is a verifier. */
export const withKeys =
  (verifyToken: VerifyToken | null = null) =>
  (store: EventStore) =>
    startAccess({ store, unauthenticated: false, verifyToken, sessionKey: randomBytes(32) })
