/** Evidence packs of a server: made twice they are the same, two verifiers accept them, and both refuse whatever was changed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { verifyPack } from '../../src/evidence/verify-pack.ts'
import { verifyProof } from '../../src/trust/verify/proof.ts'
import { rightOf } from '../event-store/place.ts'
import { serverForTest, startServer, type TestServer } from '../support/network/http-server.ts'
import { startProgram } from '../support/processes/program.ts'
import { checkPack, checkProof } from '../support/trust/independent-verifier.ts'
import { signingIn, type TestSigning } from '../support/trust/signing.ts'

// 10,000 by RUN_LEDGER_MUTATIONS.
const MUTATIONS = Number(process.env['RUN_LEDGER_MUTATIONS'] ?? 150)

const directory = mkdtempSync(join(tmpdir(), 'run-ledger-evidence-'))
let server: TestServer
let trusted: TestSigning
let pack: Uint8Array<ArrayBuffer>

const clientOf = () => createClient({ url: server.url })
const RUN = 'Loan:7'
const OTHERS = 20

beforeAll(async () => {
  trusted = await signingIn(directory)
  server = await startServer({ directory, signing: trusted.signing })
  const client = createClient({ url: server.url, actor: 'zoë "the" engine' })
  for (let n = 0; n < OTHERS; n += 1) rightOf(await client.createRun({ run_id: `other-${n}`, policy_version_id: 'p' }))
  rightOf(
    await client.createRun({
      run_id: RUN,
      policy_version_id: 'policy-7',
      run_group_id: 'day-1',
      input_data: { amount: 12_000, name: 'Zoë \\ "quoted" \u2028 😀' },
      run_metadata: { a: 1, deep: { b: [1, null] } },
      reason: 'asked for',
    }),
  )
  rightOf(await client.startRun(RUN))
  rightOf(await client.changeStatus(RUN, { status: 'SCORED', run_metadata: { a: null, score: 640.5 } }))
  rightOf(await client.completeRun(RUN, { status: 'SUCCESS', result: 'APPROVED' }))
  await vi.waitUntil(() => server.builder?.state().signed === OTHERS + 4, { timeout: 60_000, interval: 20 })
  pack = rightOf(await client.getEvidence(RUN))
})
afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

test('a pack holds the events with their Entries, Runs and proofs, and both verifiers accept it', async () => {
  const verified = rightOf(await verifyPack(pack, trusted.policy))
  expect(verified).toMatchObject({ run_id: RUN, revision: 3, isSigned: true, unreadable: null })
  expect(verified.run).toEqual(rightOf(await clientOf().getRun(RUN)).run)
  expect(checkPack(Buffer.from(pack), trusted.vkey)).toEqual({ run_id: RUN, revision: 3 })
  const files = unzipSync(pack)
  expect(Object.keys(files).filter((name) => !name.startsWith('proofs/'))).toEqual([
    'README.md',
    'verify.html',
    'pack.json',
    'checkpoint.txt',
    'events.ndjson',
    'entries.ndjson',
    'runs.ndjson',
  ])
  const entries = Buffer.from(files['entries.ndjson'] ?? []).toString()
  const { data } = rightOf(await clientOf().listRunEvents(RUN))
  expect(
    entries
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(data)
})

test('the same pack is made again to the last byte, over HTTP and on the command line', async () => {
  expect(rightOf(await clientOf().getEvidence(RUN))).toEqual(pack)
  const out = join(directory, 'by-hand.zip')
  const made = await startProgram('evidence', RUN, '--data', directory, '--out', out).ended
  expect(made).toMatchObject({ status: 0 })
  const verified = await startProgram('trust', 'verify', out, '--key', trusted.vkey).ended
  expect(verified).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('complete up to revision 3 and no further'),
  })
  expect(await startProgram('trust', 'verify', out).ended).toMatchObject({ status: 2 })
  expect(await startProgram('evidence', 'nobody', '--data', directory, '--out', `${out}.2`).ended).toMatchObject({
    status: 1,
  })
  const answer = await server.get(`/runs/${RUN}/evidence`)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/zip',
    'content-disposition': expect.stringContaining('Loan_7'),
  })
  expect((await server.get('/runs/nobody/evidence')).json()).toMatchObject({ type: '/problems/run-not-found' })
})

test('without a key a pack is consistent, and nothing is verified; with another key it is refused', async () => {
  expect(rightOf(await verifyPack(pack, null)).isSigned).toBe(false)
  const other = await signingIn(mkdtempSync(join(directory, 'other-')))
  expect(await verifyPack(pack, other.policy)).toMatchObject({ left: { detail: expect.stringContaining('no key') } })
  expect(() => checkPack(Buffer.from(pack), other.vkey)).toThrow()
})

describe('what was changed is refused by both verifiers', () => {
  const refusedByBoth = async (changed: Uint8Array, what: string): Promise<void> => {
    expect((await verifyPack(changed, trusted.policy))._tag, what).toBe('Left')
    expect(() => checkPack(Buffer.from(changed), trusted.vkey), what).toThrow()
  }
  const withFile = (name: string, bytes: Uint8Array | null): Uint8Array => {
    const { [name]: _, ...rest } = unzipSync(pack)
    return zipSync(bytes === null ? rest : { ...rest, [name]: bytes }, { level: 1 })
  }

  test('any byte of the events, Entries, Runs, proofs, checkpoint or head of a pack', async () => {
    const files = Object.entries(unzipSync(pack)).filter(([name]) => !['README.md', 'verify.html'].includes(name))
    for (let n = 0; n < MUTATIONS; n += 1) {
      const [name, bytes] = files[n % files.length] as [string, Uint8Array]
      const changed = Uint8Array.from(bytes)
      const at = Math.floor(Math.random() * bytes.length)
      changed[at] = ((bytes[at] ?? 0) + 1 + Math.floor(Math.random() * 255)) % 256
      await refusedByBoth(withFile(name, changed), `${name}, byte ${at}: ${bytes[at]} to ${changed[at]}`)
    }
  })

  test('any character of a proof', async () => {
    const { proof } = rightOf(await clientOf().getProof(RUN, 2))
    expect(checkProof(proof, trusted.vkey)).toMatchObject({ index: OTHERS + 2 })
    expect(await verifyProof(proof, trusted.policy)).toMatchObject({ right: { index: OTHERS + 2 } })
    for (let n = 0; n < MUTATIONS; n += 1) {
      const at = Math.floor(Math.random() * proof.length)
      const changed =
        proof.slice(0, at) + String.fromCharCode(33 + Math.floor(Math.random() * 93)) + proof.slice(at + 1)
      if (changed === proof) continue
      expect((await verifyProof(changed, trusted.policy))._tag, changed).toBe('Left')
      expect(() => checkProof(changed, trusted.vkey), changed).toThrow()
    }
  })

  test('a missing file, a missing event, and a proof of another event', async () => {
    for (const name of [
      'pack.json',
      'checkpoint.txt',
      'events.ndjson',
      'entries.ndjson',
      'runs.ndjson',
      'proofs/00002.tlog-proof',
    ])
      await refusedByBoth(withFile(name, null), name)
    const files = unzipSync(pack)
    await refusedByBoth(
      withFile('proofs/00002.tlog-proof', files['proofs/00001.tlog-proof'] ?? new Uint8Array()),
      'swapped',
    )
    const lines = Buffer.from(files['events.ndjson'] ?? [])
      .toString()
      .trim()
      .split('\n')
    await refusedByBoth(withFile('events.ndjson', Buffer.from(`${lines.slice(0, -1).join('\n')}\n`)), 'a cut tail')
    expect((await verifyPack(withFile('extra.txt', new Uint8Array(1)), trusted.policy))._tag).toBe('Left')
    expect((await verifyPack(new Uint8Array(9), trusted.policy))._tag).toBe('Left')
  })
})

test('two checkpoints of one size and two roots are named as a fork of the log', async () => {
  const one = rightOf(await clientOf().getCheckpoint())
  const other = await serverForTest({
    directory: mkdtempSync(join(directory, 'fork-')),
    signing: { ...trusted.signing, statePaths: [join(directory, 'fork.state')] },
  })
  for (let n = 0; n < OTHERS + 4; n += 1) await other.create({ run_id: `other-${n}` })
  await expect.poll(() => other.builder?.state().signed, { timeout: 60_000 }).toBe(OTHERS + 4)
  const files = [join(directory, 'one.checkpoint'), join(directory, 'other.checkpoint')] as const
  writeFileSync(files[0], one)
  writeFileSync(files[1], (await other.get('/log/checkpoint')).body)
  expect(await startProgram('trust', 'verify', files[0], files[0], '--key', trusted.vkey).ended).toMatchObject({
    status: 0,
  })
  expect(await startProgram('trust', 'verify', ...files, '--key', trusted.vkey).ended).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the log was forked'),
  })
})
