import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { createTokenVerifier, type TokenConfig } from '../../src/access/tokens.ts'
import { AUDIENCE, FOREIGN_AUDIENCE, issuerForTest, type TestIssuer } from '../support/access/oidc.ts'

const verifierOf = ({ issuer }: TestIssuer, more: Partial<TokenConfig> = {}) =>
  createTokenVerifier({ issuer, audiences: [AUDIENCE], roleClaim: 'roles', jwks: null, ...more })

const seconds = () => Math.floor(Date.now() / 1000)

const claimsOf = ({ issuer }: TestIssuer, more: object = {}) => ({
  iss: issuer,
  aud: AUDIENCE,
  sub: 'ann',
  iat: seconds(),
  exp: seconds() + 600,
  roles: ['run-ledger:reader', 'other:writer', 'run-ledger:act_as'],
  ...more,
})

const REFUSED = { _tag: 'Left', left: { _tag: 'NotAccepted' } }

test.each(['ES256', 'RS256', 'PS256', 'EdDSA'])(
  'an access token of the issuer, signed with %s, makes a principal',
  async (alg) => {
    const issuer = await issuerForTest(alg)
    expect(await verifierOf(issuer)(await issuer.tokenOf('writer'))).toMatchObject({
      right: { name: 'oidc:127.0.0.1:writer', roles: ['writer'], act_as: null, key_id: null, session: null },
    })
  },
)

test('roles come from the claim that is named, as a list or a text, also from inside another claim', async () => {
  const issuer = await issuerForTest()
  const rolesBy = async (roleClaim: string, claims: object) => {
    const verdict = await verifierOf(issuer, { roleClaim })(
      await issuer.sign(claimsOf(issuer, { roles: [], ...claims })),
    )
    return verdict._tag === 'Right' ? verdict.right.roles : verdict
  }
  expect(await rolesBy('roles', { roles: 'run-ledger:admin run-ledger:reader' })).toEqual(['reader', 'admin'])
  expect(await rolesBy('realm.roles', { realm: { roles: ['run-ledger:auditor'] } })).toEqual(['auditor'])
  expect(await rolesBy('realm.roles', { 'realm.roles': ['run-ledger:writer'] })).toEqual(['writer'])
  expect(await rolesBy('realm.roles', { realm: ['run-ledger:writer'] })).toEqual([])
  expect(await rolesBy('groups', {})).toEqual([])
})

test('the role act_as lets a token act for anybody', async () => {
  const issuer = await issuerForTest()
  expect(await verifierOf(issuer)(await issuer.sign(claimsOf(issuer)))).toMatchObject({
    right: { name: 'oidc:127.0.0.1:ann', roles: ['reader'], act_as: '*' },
  })
})

type WrongToken = readonly [what: string, claims: (issuer: TestIssuer) => object, header?: Record<string, string>]

const WRONG_TOKENS: readonly WrongToken[] = [
  ['of another issuer', () => ({ iss: 'https://elsewhere.example' })],
  ['for another audience', () => ({ aud: FOREIGN_AUDIENCE })],
  ['without an audience', () => ({ aud: undefined })],
  ['without a subject', () => ({ sub: undefined })],
  ['without an end', () => ({ exp: undefined })],
  ['without a beginning', () => ({ iat: undefined })],
  ['that has expired', () => ({ iat: seconds() - 600, exp: seconds() - 31 })],
  ['that is not valid yet', () => ({ nbf: seconds() + 60 })],
  ['that is valid for more than an hour', () => ({ exp: seconds() + 3_601 })],
  ['with a nonce, as ID tokens have', () => ({ nonce: 'n' })],
  ['with the hash of an access token, as ID tokens have', () => ({ at_hash: 'h' })],
  ['that is for signing out', () => ({ events: {} }), { typ: 'logout+jwt' }],
  ['of another type', () => ({}), { typ: 'dpop+jwt' }],
  ['whose key is unknown', () => ({}), { kid: 'unknown' }],
  ['with a subject of control characters', () => ({ sub: 'a\nb' })],
]

test.for(WRONG_TOKENS)('a token %s is refused', async ([_what, claims, header]) => {
  const issuer = await issuerForTest()
  const token = await issuer.sign(claimsOf(issuer, claims(issuer)), header)
  expect(await verifierOf(issuer)(token)).toMatchObject(REFUSED)
})

test('clocks may differ by half a minute', async () => {
  const issuer = await issuerForTest()
  const verify = verifierOf(issuer)
  for (const claims of [{ exp: seconds() - 20, iat: seconds() - 600 }, { nbf: seconds() + 20 }])
    expect(await verify(await issuer.sign(claimsOf(issuer, claims)))).toMatchObject({ _tag: 'Right' })
})

test('a token without a signature, or signed with the public key as a secret, is refused', async () => {
  const issuer = await issuerForTest()
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const { kid } = issuer.publicKey()
  const none = `${encode({ alg: 'none', kid, typ: 'at+jwt' })}.${encode(claimsOf(issuer))}.`
  const signed = `${encode({ alg: 'HS256', kid, typ: 'at+jwt' })}.${encode(claimsOf(issuer))}`
  const mac = createHmac('sha256', JSON.stringify(issuer.publicKey())).update(signed).digest('base64url')
  for (const token of [none, `${signed}.${mac}`, 'a.b.c', 'nothing'])
    expect(await verifierOf(issuer)(token)).toMatchObject(REFUSED)
})

test('keys from a file need no network', async () => {
  const issuer = await issuerForTest()
  const token = await issuer.sign(claimsOf(issuer))
  const keys = { keys: [issuer.publicKey()] }
  await issuer.close()
  const { issuer: url } = issuer
  const verify = createTokenVerifier({ issuer: url, audiences: [AUDIENCE], roleClaim: 'roles', jwks: keys })
  expect(await verify(token)).toMatchObject({ _tag: 'Right' })
})

test('an issuer that cannot be reached says nothing of the token, and is asked again', async () => {
  const issuer = await issuerForTest()
  const token = await issuer.tokenOf('reader')
  await issuer.close()
  const verify = verifierOf(issuer)
  expect(await verify(token)).toMatchObject({ left: { _tag: 'Unconfirmed' } })
})

test('tokens go on while the issuer changes its key, and a key that it no longer publishes ends with its tokens', async () => {
  const issuer = await issuerForTest()
  const verify = verifierOf(issuer, { refetchAfter: 0 })
  const ask = (token: string) => Promise.all(Array.from({ length: 10 }, () => verify(token)))
  const areAccepted = Array.from({ length: 10 }, () => expect.objectContaining({ _tag: 'Right' }))
  const old = await issuer.tokenOf('reader')
  expect(await ask(old)).toEqual(areAccepted)
  await issuer.rotate('beside')
  const fresh = await issuer.tokenOf('reader')
  expect(await Promise.all([ask(old), ask(fresh)])).toEqual([areAccepted, areAccepted])
  await issuer.rotate('alone')
  expect(await ask(await issuer.tokenOf('reader'))).toEqual(areAccepted)
  expect(await verify(old)).toMatchObject(REFUSED)
})

test('an issuer is not asked again for each unknown key', async () => {
  const issuer = await issuerForTest()
  const verify = verifierOf(issuer)
  for (const kid of ['one', 'other', 'third'])
    expect(await verify(await issuer.sign(claimsOf(issuer), { kid }))).toMatchObject(REFUSED)
  expect(issuer.keyRequests()).toBe(1)
})
