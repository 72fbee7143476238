/** Which claims of a token are accepted, and the principal that they make. Pure. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Actor } from '../run/texts.ts'
import { timeOf } from '../run/time.ts'
import { ANYBODY, type Principal } from './principal.ts'
import { ROLES } from './roles.ts'

export type Claims = Readonly<Record<string, unknown>>

/** How long a token is valid at most, in seconds: it cannot be revoked. */
const MAX_LIFETIME_S = 60 * 60
/** How far the clocks of issuer and ledger may differ, in seconds. */
export const CLOCK_TOLERANCE_S = 30

/** The principal of an access token whose signature, issuer, audience and times are verified; Left says why there is none. */
export const principalOfToken = (claims: Claims, roleClaim: string): E.Either<string, Principal> => {
  const { iat, exp } = claims
  if (typeof iat !== 'number' || typeof exp !== 'number') return E.left('it has no iat or exp')
  if (exp - iat > MAX_LIFETIME_S) return E.left('it is valid for more than an hour')
  const foreign = ['nonce', 'at_hash', 'c_hash', 'events'].find((name) => name in claims)
  if (foreign !== undefined) return E.left(`it has ${foreign}: it is no access token`)
  return principalOfClaims(claims, roleClaim, exp + CLOCK_TOLERANCE_S)
}

/** The principal that `iss`, `sub` and the roles make; `until` is in seconds since 1970. */
export const principalOfClaims = (
  { iss, sub, ...claims }: Claims,
  roleClaim: string,
  until: number,
): E.Either<string, Principal> => {
  if (typeof iss !== 'string' || typeof sub !== 'string' || sub === '') return E.left('it has no iss or sub')
  const granted = rolesIn(claims, roleClaim)
  return pipe(
    `oidc:${issuerAlias(iss)}:${sub}`,
    E.fromPredicate(
      (name) => Actor.safeParse(name).success,
      () => 'its subject is too long, or has control characters',
    ),
    E.map((name) => ({
      name,
      roles: ROLES.filter((role) => granted.has(GRANT + role)),
      act_as: granted.has(`${GRANT}act_as`) ? ANYBODY : null,
      expires_at: timeOf(Math.min(until * 1000, LATEST_MS)),
      key_id: null,
      session: null,
    })),
  )
}

const GRANT = 'run-ledger:'
const LATEST_MS = Date.UTC(9999, 11, 31)

/** The issuer as principals name it: its host and path, without the scheme. */
export const issuerAlias = (issuer: string): string => {
  if (!URL.canParse(issuer)) return issuer
  const { hostname, pathname } = new URL(issuer)
  return hostname + pathname.replace(/\/+$/, '')
}

/** The values of the claim of this name, or else of this path, as in `realm_access.roles`. */
const rolesIn = (claims: Claims, roleClaim: string): ReadonlySet<unknown> => {
  const value = Object.hasOwn(claims, roleClaim)
    ? claims[roleClaim]
    : roleClaim.split('.').reduce<unknown>((at, key) => propertyOf(at, key), claims)
  if (typeof value === 'string') return new Set(value.split(' '))
  return new Set(Array.isArray(value) ? value : [])
}

const propertyOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
