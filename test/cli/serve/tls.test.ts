import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, type PeerCertificate } from 'node:tls'
import { generate } from 'selfsigned'
import { expect, test } from 'vitest'
import { startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

/** A directory with a certificate of this name. */
const certificate = async (name: string, directory = testDirectory()) => {
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const made = await generate([{ name: 'commonName', value: name }], { keySize: 2048 })
  writeFileSync(cert, made.cert)
  writeFileSync(key, made.private)
  return { cert, key, directory }
}

const serveTls = ({ cert, key }: { cert: string; key: string }) =>
  startProgram('serve', '--port', '0', '--data', testDirectory(), '--tls-cert', cert, '--tls-key', key)

const get = (url: string) =>
  new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      request(url, { rejectUnauthorized: false }, async (answer) => {
        resolve({ status: answer.statusCode, headers: answer.headers, body: await text(answer) })
      })
        .on('error', reject)
        .end()
    },
  )

const nameOn = (url: string) =>
  new Promise<string>((resolve, reject) => {
    const { port, hostname } = new URL(url)
    const socket = connect({ port: Number(port), host: hostname, rejectUnauthorized: false }, () => {
      const { subject }: PeerCertificate = socket.getPeerCertificate()
      socket.end()
      resolve(String(subject.CN))
    }).on('error', reject)
  })

test('it serves HTTPS with HSTS, SIGHUP takes a new certificate, and a broken one leaves the old in use', async () => {
  const files = await certificate('first.example')
  const server = serveTls(files)
  const url = await server.address
  expect(url).toMatch(/^https:/)
  const answer = await get(`${url}/healthz`)
  expect(answer).toMatchObject({ status: 200, body: '{"status":"up"}' })
  expect(answer.headers['strict-transport-security']).toBe('max-age=31536000')
  expect(await nameOn(url)).toBe('first.example')

  await certificate('second.example', files.directory)
  server.kill('SIGHUP')
  await expect.poll(() => nameOn(url), { timeout: 60_000 }).toBe('second.example')

  writeFileSync(files.cert, 'no certificate')
  server.kill('SIGHUP')
  await expect.poll(() => server.printed().stderr, { timeout: 60_000 }).toContain('the one in use stays')
  expect(await nameOn(url)).toBe('second.example')
  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(0)
})

test('what is no pair of certificate and key is a wrong usage, said before anything is opened', async () => {
  const [one, other] = [await certificate('a.example'), await certificate('b.example')]
  const ends = async (cert: string, key: string) => {
    const { status, stderr } = await serveTls({ cert, key }).ended
    expect(status).toBe(2)
    return stderr
  }
  expect(await ends(one.cert, other.key)).toContain('cannot be used together')
  expect(await ends(join(one.directory, 'none.pem'), one.key)).toContain('cannot be read (ENOENT)')
})

test.each([
  [['--tls-cert', 'x'], 'give --tls-cert and --tls-key together'],
  [['--cors-origin', '*'], '--cors-origin must be an origin'],
  [['--cors-origin', 'https://app.example/path'], '--cors-origin must be an origin'],
  [['--trust-proxy', 'proxy.example'], '--trust-proxy must be an address or a network'],
  [['--trust-proxy', '10.0.0.0/33'], '--trust-proxy must be an address or a network'],
  [['--rate-limit', '100'], '--rate-limit must be a number of requests per second'],
  [['--rate-limit', '0/s'], '--rate-limit must be a number of requests per second'],
  [['--metrics-host', '::1'], '--metrics-host needs --metrics-port'],
])('serve %s is a wrong usage that says what to give', async (args, says) => {
  const { status, stderr } = await startProgram('serve', '--data', testDirectory(), ...args).ended
  expect(status).toBe(2)
  expect(stderr).toContain(says)
})
