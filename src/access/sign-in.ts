/** Signing in at an OpenID provider: the code flow with PKCE, bound to a sealed cookie. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as client from 'openid-client'
import { z } from 'zod'
import { msOf, type Time, timeOf } from '../run/time.ts'
import type { Principal, Refused } from './principal.ts'
import type { Seal } from './sessions.ts'
import { type Claims, principalOfClaims } from './token-claims.ts'

export type SignInConfig = Readonly<{
  issuer: string
  clientId: string
  clientSecret: string
  roleClaim: string
  /** Where the issuer sends the browser back to. */
  callback: URL
}>

export type SignIn = Readonly<{
  /** Where to send the browser, and what the cookie holds until it comes back. Left where the issuer cannot be reached. */
  begin: (returnTo: string) => Promise<E.Either<Refused, Readonly<{ url: string; cookie: string }>>>
  /** Who signed in, and the page to return to; `query` is that of the callback's address, `cookie` what `begin` returned. */
  finish: (query: string, cookie: string | undefined) => Promise<E.Either<Refused, SignedIn>>
}>

export type SignedIn = Readonly<{ principal: Principal; returnTo: string }>

export const SIGN_IN_WITHIN_S = 10 * 60

const Pending = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), returnTo: z.string() })
const PURPOSE = 'sign-in'

export const createSignIn = (config: SignInConfig, { seal, unseal }: Seal, now: () => Time): SignIn => {
  let found: Promise<client.Configuration> | null = null
  const provider = (): Promise<client.Configuration> => {
    // An issuer that was not reached is asked again.
    found ??= discover(config).catch((error: unknown) => {
      found = null
      throw error
    })
    return found
  }

  const begin = async (returnTo: string) => {
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      returnTo,
    }
    const url = client.buildAuthorizationUrl(await provider(), {
      redirect_uri: config.callback.href,
      scope: 'openid',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    })
    const until = timeOf(msOf(now()) + SIGN_IN_WITHIN_S * 1000)
    return { url: url.href, cookie: await seal(PURPOSE, pending, until) }
  }

  const finish = async (query: string, cookie: string | undefined): Promise<E.Either<Refused, SignedIn>> => {
    const pending = Pending.safeParse(cookie === undefined ? null : await unseal(PURPOSE, cookie))
    if (!pending.success) return notAccepted('the sign-in was not begun in this browser, or not within 10 minutes')
    const { state, nonce, verifier, returnTo } = pending.data
    const address = new URL(config.callback)
    address.search = query
    const tokens = await client.authorizationCodeGrant(await provider(), address, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    })
    // The session's own limits end it.
    return pipe(
      principalOfClaims(tokens.claims() as Claims, config.roleClaim, Number.POSITIVE_INFINITY),
      E.bimap(
        (cause): Refused => ({ _tag: 'NotAccepted', cause: `ID token: ${cause}` }),
        (principal) => ({ principal, returnTo }),
      ),
    )
  }

  return {
    begin: (returnTo) => begin(returnTo).then(E.right, unconfirmed),
    finish: (query, cookie) =>
      finish(query, cookie).catch((error: unknown) => notAccepted(`the issuer: ${detailOf(error)}`)),
  }
}

const discover = async ({ issuer, clientId, clientSecret }: SignInConfig): Promise<client.Configuration> => {
  const address = new URL(issuer)
  const insecure = address.protocol === 'http:' ? [client.allowInsecureRequests] : []
  // The signature of the ID token is checked too, although it comes from the issuer itself.
  return client.discovery(address, clientId, undefined, client.ClientSecretBasic(clientSecret), {
    execute: [client.enableNonRepudiationChecks, ...insecure],
    timeout: FETCH_WITHIN_S,
  })
}

const FETCH_WITHIN_S = 5

const notAccepted = (cause: string): E.Either<Refused, never> => E.left({ _tag: 'NotAccepted', cause })

const unconfirmed = (error: unknown): E.Either<Refused, never> =>
  E.left({ _tag: 'Unconfirmed', cause: `the issuer: ${detailOf(error)}` })

const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
