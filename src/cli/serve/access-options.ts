/** Whom `serve` lets in: its options, checked. */
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import type { SignInConfig } from '../../access/sign-in.ts'
import type { TokenConfig } from '../../access/tokens.ts'
import { isLoopback, type UsageFailure, usageFailure } from '../../config.ts'
import { withVariable } from '../options/options.ts'
import { readGivenFile, sessionKeyAt } from './access-files.ts'

export type AccessOptions = Readonly<{
  oidcIssuer?: string
  oidcAudience?: readonly string[]
  oidcRoleClaim?: string
  jwks?: string
  oidcClientId?: string
  oidcClientSecretFile?: string
  sessionKey?: string
}>

export type AccessPlan = Readonly<{
  tokens: TokenConfig | null
  signIn: SignInConfig | null
  sessionKey: Uint8Array
}>

export const withAccessOptions = (command: Command): Command =>
  command
    .addOption(
      withVariable('--oidc-issuer <url>', 'accept access tokens of this OpenID provider', 'RUN_LEDGER_OIDC_ISSUER'),
    )
    .addOption(
      withVariable(
        '--oidc-audience <name>',
        'what tokens must be issued for; may be repeated',
        'RUN_LEDGER_OIDC_AUDIENCE',
      ).argParser((text, before: readonly string[] = []) => [...before, ...text.split(',').map((part) => part.trim())]),
    )
    .addOption(
      withVariable(
        '--oidc-role-claim <claim>',
        'the claim of a token that holds run-ledger:reader and others (default: roles)',
        'RUN_LEDGER_OIDC_ROLE_CLAIM',
      ),
    )
    .addOption(withVariable('--jwks <file>', "the issuer's keys, in place of asking it for them", 'RUN_LEDGER_JWKS'))
    .addOption(withVariable('--oidc-client-id <id>', 'let browsers sign in at the issuer', 'RUN_LEDGER_OIDC_CLIENT_ID'))
    .addOption(
      withVariable(
        '--oidc-client-secret-file <file>',
        'the secret of --oidc-client-id',
        'RUN_LEDGER_OIDC_CLIENT_SECRET_FILE',
      ),
    )
    .addOption(
      withVariable(
        '--session-key <file>',
        'the key that seals sessions, the same for all servers of a ledger; made where it is missing',
        'RUN_LEDGER_SESSION_KEY',
      ),
    )
    .addOption(
      new Option('--insecure-http', 'take credentials without TLS where other machines can connect').env(
        'RUN_LEDGER_INSECURE_HTTP',
      ),
    )

/** UsageFailure for options that miss another one, and for files that cannot be read. */
export const accessPlanOf = (options: AccessOptions, publicUrl: URL | null): E.Either<UsageFailure, AccessPlan> =>
  pipe(
    E.Do,
    E.apS('tokens', tokensOf(options)),
    E.apS('signIn', signInOf(options, publicUrl)),
    E.apS('sessionKey', sessionKeyAt(options.sessionKey)),
  )

const ROLE_CLAIM = 'roles'

const tokensOf = (options: AccessOptions): E.Either<UsageFailure, TokenConfig | null> => {
  const { oidcIssuer: issuer, oidcAudience: audiences = [], oidcRoleClaim: roleClaim = ROLE_CLAIM, jwks } = options
  if (issuer === undefined) {
    const orphan = Object.entries(NEED_ISSUER).find(([name]) => options[name as keyof AccessOptions] !== undefined)
    return orphan === undefined ? E.right(null) : fault(`${orphan[1]} needs --oidc-issuer`)
  }
  if (!isIssuer(issuer)) return fault('--oidc-issuer must be an https URL, or an http one on this machine')
  if (audiences.length === 0 || audiences.includes(''))
    return fault(
      '--oidc-issuer needs --oidc-audience: else a token for any other service of the issuer would be accepted',
    )
  if (options.oidcClientId !== undefined && audiences.includes(options.oidcClientId))
    return fault(
      '--oidc-audience must not be --oidc-client-id: ID tokens, which are issued for the client, are no access tokens',
    )
  return pipe(
    jwks === undefined ? NO_KEYS : jwksIn(jwks),
    E.map((keys) => ({ issuer, audiences, roleClaim, jwks: keys })),
  )
}

const NO_KEYS: E.Either<UsageFailure, JSONWebKeySet | null> = E.right(null)

const NEED_ISSUER = {
  oidcAudience: '--oidc-audience',
  oidcRoleClaim: '--oidc-role-claim',
  jwks: '--jwks',
  oidcClientId: '--oidc-client-id',
  oidcClientSecretFile: '--oidc-client-secret-file',
} as const

const isIssuer = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, search, hash } = new URL(text)
  return search === '' && hash === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)))
}

const Jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })

const jwksIn = (path: string): E.Either<UsageFailure, JSONWebKeySet> =>
  pipe(
    readGivenFile('--jwks', path),
    E.flatMap((text) =>
      pipe(
        E.tryCatch(
          () => Jwks.parse(JSON.parse(text)),
          () => usageFailure(`--jwks ${path} is no JSON Web Key Set, which looks like {"keys":[{"kty":…}]}`),
        ),
      ),
    ),
  )

const signInOf = (options: AccessOptions, publicUrl: URL | null): E.Either<UsageFailure, SignInConfig | null> => {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecretFile: file, oidcRoleClaim } = options
  if (clientId === undefined || issuer === undefined)
    return file === undefined ? E.right(null) : fault('--oidc-client-secret-file needs --oidc-client-id')
  if (file === undefined) return fault('--oidc-client-id needs --oidc-client-secret-file')
  if (publicUrl === null)
    return fault('--oidc-client-id needs --public-url: the issuer sends browsers back to its auth/callback')
  return pipe(
    readGivenFile('--oidc-client-secret-file', file),
    E.map((text) => ({
      issuer,
      clientId,
      clientSecret: text.trim(),
      roleClaim: oidcRoleClaim ?? ROLE_CLAIM,
      callback: new URL('auth/callback', publicUrl),
    })),
  )
}

const fault = (detail: string): E.Either<UsageFailure, never> => E.left(usageFailure(detail))
