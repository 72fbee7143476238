import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createClient } from '../../../src/client/client.ts'
import { fromBase64 } from '../../../src/trust/formats/bytes.ts'
import { parseCheckpoint } from '../../../src/trust/formats/checkpoint.ts'
import { parseLeaf } from '../../../src/trust/formats/leaf.ts'
import { hashOfTile, tilePath } from '../../../src/trust/tree/tiles.ts'
import { isConsistent, leafHash } from '../../../src/trust/tree/verify.ts'
import { verifyCheckpoint, verifyProof } from '../../../src/trust/verify/proof.ts'
import { rightOf } from '../../event-store/place.ts'
import { serverForTest, startServer, type TestServer } from '../../support/network/http-server.ts'
import { signingIn, type TestSigning } from '../../support/trust/signing.ts'

const RUNS = 300
const directory = mkdtempSync(join(tmpdir(), 'run-ledger-log-'))
let server: TestServer
let trusted: TestSigning

const clientOf = () => createClient({ url: server.url })

beforeAll(async () => {
  trusted = await signingIn(directory)
  server = await startServer({ directory, signing: trusted.signing })
  const lines = Array.from({ length: RUNS }, (_, n) =>
    JSON.stringify({ command: 'create', run_id: `run-${n}`, policy_version_id: 'p' }),
  )
  await server.post('/commands', lines.join('\n'), { 'content-type': 'application/x-ndjson' })
  await vi.waitUntil(() => server.builder?.state().signed === RUNS, { timeout: 60_000, interval: 20 })
})
afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

test('the newest checkpoint is a note that the key of the log has signed', async () => {
  const note = rightOf(await clientOf().getCheckpoint())
  expect(await verifyCheckpoint(note, trusted.policy)).toMatchObject({ right: { size: RUNS } })
  const answer = await server.get('/log/checkpoint')
  expect(answer.headers).toMatchObject({ 'content-type': 'text/plain', 'cache-control': 'private, no-cache' })
})

test('each event has a proof that verifies, as text and as JSON', async () => {
  for (const n of [0, 1, 255, 256, RUNS - 1]) {
    const answer = await server.get(`/runs/run-${n}/events/0/proof`)
    expect(answer.headers['content-type']).toBe('text/plain')
    const proved = await verifyProof(answer.body, trusted.policy)
    expect(proved).toMatchObject({
      right: { index: n, leaf: { run_id: `run-${n}`, revision: '0', type: 'RunCreated' } },
    })
    const proof = rightOf(await clientOf().getProof(`run-${n}`, 0))
    expect(proof).toMatchObject({ index: n, checkpoint_size: RUNS, proof: answer.body })
    expect(proof.signed_at).toMatch(/^\d{4}-.{18}Z$/)
  }
})

test('an event that is not there, and a run that is not, have no proof', async () => {
  for (const path of ['/runs/run-1/events/1/proof', '/runs/nobody/events/0/proof'])
    expect((await server.get(path)).json()).toMatchObject({ type: '/problems/run-not-found' })
  expect((await server.get('/runs/run-1/events/-1/proof')).statusCode).toBe(404)
  expect((await server.get('/runs/run-1/events/0/proof', { accept: 'text/html' })).statusCode).toBe(406)
})

test('tiles hold the hashes of leaves, and of whole tiles above them; leaves are read back and hash to them', async () => {
  const whole = rightOf(await clientOf().getTile('0/000'))
  const rest = rightOf(await clientOf().getTile(tilePath({ level: 0, n: 1 }, RUNS - 256)))
  const above = rightOf(await clientOf().getTile('1/000.p/1'))
  expect([whole.length, rest.length]).toEqual([256 * 32, 44 * 32])
  expect(above).toEqual(hashOfTile(whole))
  for (const [path, hashes] of [
    ['000', whole],
    ['001.p/44', rest],
    ['001.p/3', rest],
  ] as const) {
    const bundle = rightOf(await clientOf().getEntryTile(path))
    let at = 0
    for (let i = 0; at < bundle.length; i += 1) {
      const length = ((bundle[at] ?? 0) << 8) + (bundle[at + 1] ?? 0)
      const leaf = bundle.slice(at + 2, at + 2 + length)
      expect(parseLeaf(leaf)?.type).toBe('RunCreated')
      expect(await leafHash(leaf)).toEqual(hashes.slice(i * 32, (i + 1) * 32))
      at += 2 + length
    }
  }
  const answer = await server.get('/log/tile/0/000')
  expect(answer.headers['cache-control']).toContain('immutable')
})

test('a tile that is not there, or is named in another way, is not found', async () => {
  for (const path of [
    '0/001',
    '0/001.p/45',
    '0/1',
    '0/000.p/0',
    '0/000.p/256',
    '2/000.p/1',
    '00/000',
    'x',
    'entries/002',
  ])
    expect((await server.get(`/log/tile/${path}`)).statusCode, path).toBe(404)
})

test('any tree of the log is shown to be a prefix of a later one', async () => {
  const { root } = rightOf(parseCheckpoint(rightOf(await clientOf().getCheckpoint())))
  const { path } = rightOf(await clientOf().getConsistency({ from: 256, to: RUNS }))
  const hashes = path.map((hash) => fromBase64(hash) as Uint8Array<ArrayBuffer>)
  const first = { size: 256, root: new Uint8Array(rightOf(await clientOf().getTile('1/000.p/1'))) }
  expect(await isConsistent(first, { size: RUNS, root }, hashes)).toBe(true)
  expect((await server.get('/log/consistency?from=5&to=4')).statusCode).toBe(400)
  expect((await server.get('/log/consistency?from=5&to=5000')).statusCode).toBe(404)
})

test('readiness says that checkpoints are signed', async () => {
  expect((await server.get('/readyz')).json()).toEqual({ status: 'ready', trust: 'signing' })
  expect(rightOf(await clientOf().getReadiness()).trust).toBe('signing')
})

test('a server without a tree has no proofs, and one without a key no checkpoint', async () => {
  const bare = await serverForTest()
  await bare.create({ run_id: 'a' })
  for (const path of ['/log/checkpoint', '/log/tile/0/000', '/runs/a/events/0/proof'])
    expect((await bare.get(path)).json()).toMatchObject({ type: '/problems/not-found' })
  expect((await bare.get('/readyz')).json()).toEqual({ status: 'ready' })
})
