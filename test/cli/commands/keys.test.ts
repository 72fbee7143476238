import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Program, startProgram, startProgramWith } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const run = (...args: readonly string[]) => startProgram(...args).ended

const issue = async (data: string, name: string, ...args: readonly string[]): Promise<string> => {
  const { status, stdout, stderr } = await run('keys', 'issue', '--name', name, '--data', data, ...args)
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}

const stop = async (program: Program): Promise<void> => {
  program.kill('SIGTERM')
  await program.ended
}

test('a key from the command line is what a server asks for, on the command line too', async () => {
  const data = join(testDirectory(), 'ledger')
  const admin = await issue(data, 'root', '--role', 'admin')
  const key = await issue(
    data,
    'loader',
    '--role',
    'writer',
    '--role',
    'auditor',
    '--expires',
    '12h',
    '--act-as',
    'ann',
  )
  const server = startProgram('serve', '--data', data, '--port', '0')
  const url = await server.address
  expect((await fetch(`${url}/runs`)).status).toBe(401)
  expect((await fetch(`${url}/keys`, { headers: { authorization: `Bearer ${admin}` } })).status).toBe(200)

  const lines = join(testDirectory(), 'lines.ndjson')
  writeFileSync(lines, '{"command":"create","run_id":"a","policy_version_id":"p","actor":"ann"}\n')
  expect((await run('import', lines, '--url', url)).status).toBe(3)
  const token = join(testDirectory(), 'token')
  writeFileSync(token, `${key}\n`)
  expect(await run('import', lines, '--url', url, '--token-file', token)).toMatchObject({ status: 0 })
  const shown = await startProgramWith({ args: ['history', 'a', '--url', url], env: { RUN_LEDGER_TOKEN: key } }).ended
  expect(shown).toMatchObject({ status: 0, stdout: expect.stringContaining('ann') })
  expect(
    await startProgramWith({ args: ['history', 'a', '--url', url], env: { RUN_LEDGER_TOKEN: `${key}x` } }).ended,
  ).toMatchObject({ status: 1 })
  expect((await run('keys', 'issue', '--name', 'x', '--role', 'reader', '--data', data)).status).toBe(3)
  await stop(server)
})

test('keys are listed without secrets, revoked, and the last admin’s is kept', async () => {
  const data = join(testDirectory(), 'ledger')
  const admin = await issue(data, 'root', '--role', 'admin')
  const key = await issue(data, 'scoring', '--role', 'writer')
  const [, id = ''] = key.split('_')
  const listed = await run('keys', 'list', '--data', data)
  expect(listed.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/root +admin +valid/),
    expect.stringMatching(new RegExp(`^${id} +scoring +writer +valid`)),
  ])
  expect(listed.stdout).not.toContain(key.slice(21))
  expect(await run('keys', 'revoke', id, '--data', data)).toMatchObject({ status: 0 })
  expect((await run('keys', 'list', '--data', data)).stdout).toMatch(/scoring +writer +revoked/)
  const last = await run('keys', 'revoke', admin.split('_')[1] ?? '', '--data', data)
  expect(last).toMatchObject({ status: 1, stderr: expect.stringContaining('the last valid key with the role admin') })
  expect(await run('keys', 'revoke', 'nothing', '--data', data)).toMatchObject({ status: 1 })
})

test.each([
  ['a first key that is no admin’s', ['--role', 'writer'], '--role must hold admin for the first key'],
  ['a role that is none', ['--role', 'root'], '--role'],
  ['a year too much', ['--role', 'admin', '--expires', '366d'], '--expires must be at most 365 days'],
  ['an expiry that is no time', ['--role', 'admin', '--expires', 'soon'], '--expires must be an RFC 3339 time'],
])('%s is refused with 2', async (_what, args, said) => {
  const data = join(testDirectory(), 'ledger')
  const { status, stderr } = await run('keys', 'issue', '--name', 'x', '--data', data, ...args)
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(said) })
})

test('beyond loopback a server asks for credentials, and for what protects them', async () => {
  const data = join(testDirectory(), 'ledger')
  const serve = (...args: readonly string[]) =>
    run('serve', '--data', data, '--port', '0', '--host', '0.0.0.0', ...args)
  expect(await serve('--insecure-http')).toMatchObject({ status: 2, stderr: expect.stringContaining('keys issue') })
  await issue(data, 'root', '--role', 'admin')
  expect(await serve()).toMatchObject({ status: 2, stderr: expect.stringContaining('--insecure-http') })
  expect(await serve('--unauthenticated')).toMatchObject({ status: 2, stderr: expect.stringContaining('leave it out') })
  const server = startProgram('serve', '--data', data, '--port', '0', '--host', '0.0.0.0', '--insecure-http')
  const { port } = new URL(await server.address)
  expect((await fetch(`http://127.0.0.1:${port}/runs`)).status).toBe(401)
  await stop(server)
  const open = startProgram('serve', '--data', data, '--port', '0', '--unauthenticated')
  expect((await fetch(`${await open.address}/runs`)).status).toBe(200)
  await stop(open)
})

test.each([
  ['an issuer without an audience', ['--oidc-issuer', 'https://issuer.example'], '--oidc-audience'],
  ['an issuer over plain http', ['--oidc-issuer', 'http://issuer.example', '--oidc-audience', 'a'], 'https URL'],
  ['an audience without an issuer', ['--oidc-audience', 'a'], '--oidc-audience needs --oidc-issuer'],
  ['keys of an issuer without it', ['--jwks', 'x.json'], '--jwks needs --oidc-issuer'],
  [
    'the client as an audience',
    ['--oidc-issuer', 'https://issuer.example', '--oidc-audience', 'c', '--oidc-client-id', 'c'],
    'ID tokens',
  ],
])('serve refuses %s with 2', async (_what, args, said) => {
  const { status, stderr } = await run('serve', '--port', '0', '--data', join(testDirectory(), 'ledger'), ...args)
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(said) })
})
