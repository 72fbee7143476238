/** A real OpenID provider in this process, on loopback. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import { onTestFinished } from 'vitest'
import { ROLES } from '../../../src/access/roles.ts'

export const AUDIENCE = 'https://ledger.example'
export const FOREIGN_AUDIENCE = 'https://elsewhere.example'
/** The client of browsers that sign in. */
export const BROWSER = { client_id: 'pages', client_secret: 'pages-secret' } as const

export type TestIssuer = Readonly<{
  issuer: string
  /** An access token of a client, which has the role of its name. */
  tokenOf: (client: string, resource?: string) => Promise<string>
  /** A token of whatever claims, signed with the issuer's present key. */
  sign: (claims: JWTPayload, header?: Readonly<Record<string, string>>) => Promise<string>
  /** The public half of the present key. */
  publicKey: () => JWK
  /** From now on the issuer signs with a new key, and publishes it alone, or beside the one before. */
  rotate: (kept?: 'alone' | 'beside') => Promise<void>
  /** How often the keys were asked for. */
  keyRequests: () => number
  close: () => Promise<void>
}>

const newKey = async (alg: string): Promise<JWK> => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg, use: 'sig' }
}

/** `callback`: where browsers that sign in are sent back to. */
export const startIssuer = async (alg = 'ES256', callback?: string): Promise<TestIssuer> => {
  let handle: RequestListener = (_request, response) => void response.writeHead(503).end()
  let asked = 0
  const http = createServer((request, response) => {
    if (request.url === '/jwks') asked += 1
    handle(request, response)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  let keys = [await newKey(alg)]
  const serve = (): void => {
    handle = new Provider(issuer, configurationOf(keys, alg, callback)).callback()
  }
  serve()
  const present = (): JWK => keys[0] as JWK
  return {
    issuer,
    tokenOf: async (client, resource = AUDIENCE) => {
      const answer = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${client}:${client}-secret`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
      })
      const body = (await answer.json()) as { access_token?: string }
      if (body.access_token === undefined) throw new Error(JSON.stringify(body))
      return body.access_token
    },
    sign: async (claims, header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg, kid: present().kid as string, typ: 'at+jwt', ...header })
        .sign(await importJWK(present(), alg)),
    publicKey: () => {
      const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...shown } = present()
      return shown
    },
    rotate: async (kept = 'alone') => {
      keys = [await newKey(alg), ...(kept === 'beside' ? keys : [])]
      serve()
    },
    keyRequests: () => asked,
    close: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

export const issuerForTest = async (alg?: string, callback?: string): Promise<TestIssuer> => {
  const issuer = await startIssuer(alg, callback)
  onTestFinished(issuer.close)
  return issuer
}

const configurationOf = (keys: readonly JWK[], alg: string, callback: string | undefined): Configuration =>
  ({
    jwks: { keys: [...keys] },
    clients: [
      ...[...ROLES, 'nobody', 'act_as'].map((client) => ({
        client_id: client,
        client_secret: `${client}-secret`,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: alg,
      })),
      ...(callback === undefined
        ? []
        : [
            {
              ...BROWSER,
              grant_types: ['authorization_code'],
              response_types: ['code'],
              redirect_uris: [callback],
              id_token_signed_response_alg: alg,
            },
          ]),
    ],
    features: {
      devInteractions: { enabled: callback !== undefined },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: '',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg } },
        }),
      },
    },
    // Who signs in has the role of their name.
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, roles: [`run-ledger:${id}`] }),
    }),
    claims: { openid: ['sub', 'roles'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    extraTokenClaims: (_context: unknown, token: { clientId?: string }) => ({
      roles: token.clientId === 'nobody' ? [] : [`run-ledger:${token.clientId}`],
    }),
    enabledJWA: {
      idTokenSigningAlgValues: ['EdDSA', 'ES256', 'RS256', 'PS256'],
    },
  }) as unknown as Configuration
