/** Issuing and revoking keys: what the command line and HTTP share. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Time } from '../run/time.ts'
import type { AccessUnavailable } from './access-follower.ts'
import type { Key } from './access-state.ts'
import type { ChangeFailure, Decide } from './change-access.ts'
import { decideIssue, decideRevoke, type IssueKey, type KeyRefused, type RevokeRefused } from './decide.ts'
import type { AccessEvent } from './events.ts'
import { keyTextOf, newKey, secretHash } from './key.ts'

/** How a change is stored, and what keys there are afterwards. */
export type KeyStore = Readonly<{
  change: <Refusal, Event extends AccessEvent | null>(
    decide: Decide<Refusal, Event>,
  ) => TE.TaskEither<Refusal | ChangeFailure, Event>
  keys: TE.TaskEither<AccessUnavailable, readonly Key[]>
  now: () => Time
}>

/** The key and its text, which nothing shows again. */
export const issueKey = (
  { change, keys, now }: KeyStore,
  request: IssueKey,
): TE.TaskEither<KeyRefused | ChangeFailure, Readonly<{ key: Key; text: string }>> => {
  const made = newKey()
  const secret_sha256 = secretHash(made.secret).toString('hex')
  return pipe(
    change(decideIssue(request, { key_id: made.key_id, secret_sha256, now: now() })),
    TE.flatMap(() => keyOf(keys, made.key_id)),
    TE.map((key) => ({ key, text: keyTextOf(made) })),
  )
}

/** The key as revoked; one that was revoked before stays as it is. */
export const revokeKey = (
  { change, keys, now }: KeyStore,
  key_id: string,
): TE.TaskEither<RevokeRefused | ChangeFailure, Key> =>
  pipe(
    change(decideRevoke(key_id, now())),
    TE.flatMap(() => keyOf(keys, key_id)),
  )

const keyOf = (keys: KeyStore['keys'], key_id: string): TE.TaskEither<ChangeFailure, Key> =>
  pipe(
    keys,
    TE.map((all) => {
      const key = all.find((each) => each.key_id === key_id)
      if (key === undefined) throw new Error('a key that was stored is not there')
      return key
    }),
  )
