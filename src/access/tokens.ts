/** Access tokens (JWT) of an OpenID provider. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { z } from 'zod'
import type { Principal, Refused } from './principal.ts'
import { CLOCK_TOLERANCE_S, type Claims, principalOfToken } from './token-claims.ts'

export type TokenConfig = Readonly<{
  issuer: string
  audiences: readonly string[]
  roleClaim: string
  /** The issuer's keys, where it is not to be asked for them. */
  jwks: JSONWebKeySet | null
  /** How long after its keys were fetched the issuer is not asked for an unknown one, in ms: 30 s if not given. */
  refetchAfter?: number
}>

export type VerifyToken = (token: string) => Promise<E.Either<Refused, Principal>>

/** Asymmetric ones alone: with `HS256` the public key would be the secret. */
const ALGORITHMS = ['EdDSA', 'ES256', 'RS256', 'PS256']
const TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/at+jwt'])

export const createTokenVerifier = (config: TokenConfig): VerifyToken => {
  const keys = config.jwks === null ? discoveredKeys(config) : createLocalJWKSet(config.jwks)
  return async (token) => {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer: config.issuer,
        audience: [...config.audiences],
        requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
      })
      const { typ } = protectedHeader
      if (typ !== undefined && !TYPES.has(typ.toLowerCase())) return notAccepted(`its type is ${typ}`)
      return pipe(
        principalOfToken(payload as Claims, config.roleClaim),
        E.mapLeft((cause): Refused => ({ _tag: 'NotAccepted', cause })),
      )
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      return error instanceof IssuerSilent ? unconfirmed(cause) : notAccepted(cause)
    }
  }
}

const notAccepted = (cause: string): E.Either<Refused, never> =>
  E.left({ _tag: 'NotAccepted', cause: `token: ${cause}` })

const unconfirmed = (cause: string): E.Either<Refused, never> =>
  E.left({ _tag: 'Unconfirmed', cause: `the issuer's keys: ${cause}` })

/** The issuer's keys cannot be had: it says nothing of the token. */
class IssuerSilent extends Error {}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() })

/** The keys that the issuer publishes. They are fetched again for a key id that is unknown. */
const discoveredKeys = ({ issuer, refetchAfter = REFETCH_AFTER_MS }: TokenConfig): JWTVerifyGetKey => {
  let found: Promise<JWTVerifyGetKey> | null = null
  const discover = async (): Promise<JWTVerifyGetKey> => {
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const answer = await fetch(address, { signal: AbortSignal.timeout(FETCH_WITHIN_MS), redirect: 'manual' })
    if (!answer.ok) throw new Error(`${address} answers ${answer.status}`)
    const document = Discovery.parse(await answer.json())
    if (document.issuer !== issuer) throw new Error(`${address} is of another issuer, ${document.issuer}`)
    return createRemoteJWKSet(new URL(document.jwks_uri), {
      cooldownDuration: refetchAfter,
      timeoutDuration: FETCH_WITHIN_MS,
    })
  }
  return async (header, token) => {
    // An issuer that was not reached is asked again.
    found ??= discover().catch((error: unknown) => {
      found = null
      throw error
    })
    try {
      return await (await found)(header, token)
    } catch (error) {
      throw OF_TOKEN.some((kind) => error instanceof kind) ? error : new IssuerSilent(String(error), { cause: error })
    }
  }
}

/** How the keys of an issuer that was reached refuse a token. */
const OF_TOKEN = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported]

const FETCH_WITHIN_MS = 5_000
const REFETCH_AFTER_MS = 30_000
