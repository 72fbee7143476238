/** Who may do what on this server: keys, tokens and sessions, checked against the access stream. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore } from '../event-store/event-store.ts'
import { type Time, timeOf } from '../run/time.ts'
import { type AccessFollower, type AccessUnavailable, followAccess } from './access-follower.ts'
import { type AccessState, type Key, keyStatus } from './access-state.ts'
import { type By, type ChangeFailure, changeAccess, type Decide } from './change-access.ts'
import type { AccessEvent } from './events.ts'
import { isSecretOf, type KeyText, parseKey } from './key.ts'
import { keyPrincipalName, type Principal, type Refused } from './principal.ts'
import { createSeal, endOfSession, type Seal, type Session, unsealSession } from './sessions.ts'
import { createSignIn, type SignIn, type SignInConfig } from './sign-in.ts'
import type { VerifyToken } from './tokens.ts'

/** The credentials of a request: its `Authorization` header, and the value of the session's cookie. */
export type Presented = Readonly<{ authorization: string | undefined; cookie: string | undefined }>

export type Verdict = E.Either<Refused, Principal>

export type Access = Readonly<{
  /** Whether requests need credentials: keys were issued, an issuer is configured, or nobody can say. */
  isOn: () => boolean
  /** Who sends a request. */
  authenticate: (presented: Presented) => Promise<Verdict>
  /** Who sends a request with a key that is right, at once; null for all other credentials, whatever they are. */
  holderOfKey: (presented: Presented) => Principal | null
  /** Calls `onEnd` once the credential no longer holds; for null, once credentials are needed. Returns what ends the watch. */
  watch: (principal: Principal | null, onEnd: () => void) => () => void
  /** The keys as they stand now. */
  keys: TE.TaskEither<AccessUnavailable, readonly Key[]>
  /** Appends what is decided, and holds it against the next request. */
  change: (
    by: By,
  ) => <Refusal, Event extends AccessEvent | null>(
    decide: Decide<Refusal, Event>,
  ) => TE.TaskEither<Refusal | ChangeFailure, Event>
  /** Null where browsers sign in with a key. */
  signIn: SignIn | null
  seal: Seal
  now: () => Time
  close: () => Promise<void>
}>

export type AccessOptions = Readonly<{
  store: EventStore
  /** Requests never need credentials, whatever the stream holds. */
  unauthenticated: boolean
  /** False where credentials would cross a network in the clear: none are accepted then. */
  takesCredentials?: boolean
  /** Null where no issuer is configured. */
  verifyToken: VerifyToken | null
  signIn?: SignInConfig | null
  sessionKey: Uint8Array
  now?: () => Time
}>

export const startAccess = async (options: AccessOptions): Promise<Access> => {
  const {
    store,
    unauthenticated,
    takesCredentials = true,
    verifyToken,
    signIn = null,
    sessionKey,
    now = () => timeOf(Date.now()),
  } = options
  const follower = await followAccess(store)
  const seal = createSeal(sessionKey)

  const isOn = (): boolean =>
    !unauthenticated &&
    (verifyToken !== null ||
      pipe(
        follower.state(),
        E.match(
          () => true,
          ({ keys }) => keys.size > 0,
        ),
      ))
  const confirmed = (): E.Either<Refused, AccessState> =>
    pipe(
      follower.state(),
      E.mapLeft(({ detail }): Refused => ({ _tag: 'Unconfirmed', cause: detail })),
    )

  const ofSession = async (cookie: string): Promise<Verdict> => {
    const session = await unsealSession(seal, cookie)
    if (session === null) return notAccepted('the session is none of ours, or has ended')
    return pipe(confirmed(), E.flatMap(principalOfSession(session, now())))
  }
  const principalOf =
    (key: KeyText) =>
    ({ keys }: AccessState): Verdict => {
      const known = keys.get(key.key_id)
      const isRight = isSecretOf(known?.secret ?? null, key.secret)
      return known === undefined || !isRight ? notAccepted('no such key') : principalOfKey(known, now())
    }
  const ofBearer = async (bearer: string, state: AccessState): Promise<Verdict> => {
    const key = parseKey(bearer)
    if (key !== null) return principalOf(key)(state)
    return verifyToken === null
      ? notAccepted('neither a key nor a token that an issuer is configured for')
      : verifyToken(bearer)
  }

  return {
    isOn,
    holderOfKey: ({ authorization }) => {
      if (authorization === undefined || !takesCredentials) return null
      const key = parseKey(BEARER.exec(authorization)?.[1] ?? '')
      return key === null
        ? null
        : pipe(
            confirmed(),
            E.flatMap(principalOf(key)),
            E.getOrElseW(() => null),
          )
    },
    authenticate: async ({ authorization, cookie }) => {
      if (!takesCredentials) return E.left(NOT_IN_THE_CLEAR)
      const state = confirmed()
      if (E.isLeft(state)) return state
      if (authorization === undefined) return cookie === undefined ? E.left(NO_CREDENTIALS) : ofSession(cookie)
      const bearer = BEARER.exec(authorization)?.[1]
      return bearer === undefined ? notAccepted('Authorization is no Bearer') : ofBearer(bearer, state.right)
    },
    watch: watching(follower, (principal) =>
      principal === null ? !isOn() : pipe(confirmed(), E.flatMap(stillStands(principal, now())), E.isRight),
    ),
    keys: pipe(
      follower.refresh,
      TE.map(({ keys }) => [...keys.values()]),
    ),
    change: (by) => (decide) =>
      pipe(
        TE.fromEither<ChangeFailure, AccessState>(follower.state()),
        TE.flatMap((known) => changeAccess(store.access, by, known)(decide)),
        TE.tapTask(() => follower.refresh),
      ),
    signIn: signIn === null ? null : createSignIn(signIn, seal, now),
    seal,
    now,
    close: follower.close,
  }
}

const BEARER = /^Bearer +(\S+) *$/i

const NOT_IN_THE_CLEAR: Refused = {
  _tag: 'Unconfirmed',
  cause:
    'keys were issued, and this server takes none without TLS: start it with --tls-cert, --trust-proxy or --insecure-http, or on loopback',
}
const NO_CREDENTIALS: Refused = { _tag: 'NoCredentials' }

const notAccepted = (cause: string): E.Either<Refused, never> => E.left({ _tag: 'NotAccepted', cause })

const principalOfKey = (key: Key, now: Time): Verdict => {
  const status = keyStatus(key, now)
  if (status !== 'valid') return notAccepted(`key ${key.key_id} is ${status}`)
  const { key_id, name, roles, act_as, expires_at } = key
  return E.right({ name: keyPrincipalName(name), roles, act_as, expires_at, key_id, session: null })
}

/** A session that was begun with a key may no more than the key, and no longer. */
const principalOfSession =
  (session: Session, now: Time) =>
  ({ keys, signedOut }: AccessState): Verdict => {
    const until = endOfSession(session)
    if (now >= until) return notAccepted('the session has ended')
    if (signedOut.has(session.session_id)) return notAccepted('the session was signed out of')
    const { name, roles, act_as, key_id } = session
    if (key_id === null) return E.right({ name, roles, act_as, expires_at: until, key_id, session })
    const key = keys.get(key_id)
    return pipe(
      key === undefined ? notAccepted('no such key') : principalOfKey(key, now),
      E.map((principal) => ({
        ...principal,
        expires_at: principal.expires_at < until ? principal.expires_at : until,
        session,
      })),
    )
  }

/** Whether a principal that was accepted would be again. */
const stillStands =
  (principal: Principal, now: Time) =>
  (state: AccessState): Verdict => {
    const { key_id, session, expires_at } = principal
    if (now >= expires_at) return notAccepted('it has expired')
    if (session !== null) return principalOfSession(session, now)(state)
    if (key_id === null) return E.right(principal)
    const key = state.keys.get(key_id)
    return key === undefined ? notAccepted('no such key') : principalOfKey(key, now)
  }

/** Looks at each change of the stream, and as time goes by, whether what is watched still stands. */
const watching = ({ onChange }: AccessFollower, stands: (principal: Principal | null) => boolean): Access['watch'] => {
  const watched = new Set<Readonly<{ principal: Principal | null; onEnd: () => void }>>()
  let timer: NodeJS.Timeout | null = null
  const look = (): void => {
    for (const each of watched) {
      if (stands(each.principal)) continue
      watched.delete(each)
      each.onEnd()
    }
  }
  onChange(look)
  return (principal, onEnd) => {
    const each = { principal, onEnd }
    watched.add(each)
    timer ??= setInterval(look, LOOK_EVERY_MS).unref()
    return () => {
      watched.delete(each)
      if (watched.size > 0 || timer === null) return
      clearInterval(timer)
      timer = null
    }
  }
}

const LOOK_EVERY_MS = 500
