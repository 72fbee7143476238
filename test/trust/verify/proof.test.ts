import { asyncProperty, assert as hold, integer } from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../../src/trust/formats/bytes.ts'
import { checkpointText } from '../../../src/trust/formats/checkpoint.ts'
import { type LeafEvent, leafOf } from '../../../src/trust/formats/leaf.ts'
import { noteText, vkeyText } from '../../../src/trust/formats/note.ts'
import { proofText } from '../../../src/trust/formats/proof.ts'
import { type SigningKey, sign } from '../../../src/trust/formats/signing.ts'
import { commitmentsOf, hashOfLeaf, hashOfRange } from '../../../src/trust/tree/hashes.ts'
import { inclusionRanges } from '../../../src/trust/tree/ranges.ts'
import { subtreesOfTiles } from '../../../src/trust/tree/tiles.ts'
import { type Policy, policyOf, policyOfKey } from '../../../src/trust/verify/policy.ts'
import { isLeafOf, verifyProof } from '../../../src/trust/verify/proof.ts'
import { logKey, witnessKey } from '../../support/trust/signing-keys.ts'

const eventOf = (revision: number, nonce?: string): LeafEvent => ({
  run_id: 'loan-1',
  revision,
  type: 'RunStatusChanged',
  event_id: `01936f2c-8d3e-7a10-9c55-0a1b2c3d4e${revision.toString(16).padStart(2, '0')}`,
  recorded_at: '2026-11-29T10:00:00.000Z',
  data: utf8(`{"status":"SCORED","score":${revision}}`),
  metadata: utf8(JSON.stringify({ command_id: `c-${revision}`, ...(nonce === undefined ? {} : { nonce }) })),
})

const EVENTS = Array.from({ length: 21 }, (_, revision) => eventOf(revision, 'AAECAwQFBgcICQoLDA0ODw'))

/** The proof of event `index` in the tree of all of them, under a checkpoint that `signers` have signed. */
const proofOf = async (index: number, signers: readonly SigningKey[], events = EVENTS): Promise<string> => {
  const leaves = events.map((event) => leafOf(event, commitmentsOf(event)))
  const tile = Buffer.concat(leaves.map((leaf) => hashOfLeaf(leaf)))
  const hashOf = (range: { from: number; to: number }) =>
    hashOfRange(
      range,
      subtreesOfTiles(() => tile),
    )
  const text = checkpointText({
    origin: 'ledger.example',
    size: events.length,
    root: hashOf({ from: 0, to: events.length }),
  })
  const signatures = await Promise.all(signers.map((key) => sign(text, key, 1_764_410_400)))
  const path = inclusionRanges(index, events.length).map(hashOf)
  return proofText({ extra: leaves[index] ?? null, index, path, checkpoint: noteText({ text, signatures }) })
}

const policy = async (json: unknown): Promise<Policy> => {
  const made = await policyOf(json)
  if (made._tag === 'Left') throw new Error(made.left.detail)
  return made.right
}

test('a proof shows which event stands where, and the event is the leaf to the last byte', async () => {
  const key = await logKey('ledger.example')
  const trusted = await policy({ log_keys: [{ key: vkeyText(key.verifier) }] })
  for (const index of [0, 7, 20]) {
    const proved = await verifyProof(await proofOf(index, [key]), trusted)
    if (proved._tag === 'Left') throw new Error(proved.left.detail)
    const { leaf, checkpoint } = proved.right
    expect(checkpoint).toMatchObject({ origin: 'ledger.example', size: 21 })
    const event = EVENTS[index] as LeafEvent
    expect(await isLeafOf(leaf, event)).toBe(true)
    const others = [
      { ...event, data: utf8(`${new TextDecoder().decode(event.data)} `) },
      { ...event, metadata: utf8('{}') },
      { ...event, revision: index + 1 },
      { ...event, recorded_at: '2026-11-29T10:00:00.001Z' },
      { ...event, run_id: 'loan-2' },
    ]
    for (const other of others) expect(await isLeafOf(leaf, other)).toBe(false)
  }
})

test('an event from before the trust layer, without a nonce, is proved as well', async () => {
  const key = await logKey('ledger.example')
  const events = EVENTS.map(({ revision }) => eventOf(Number(revision)))
  const proved = await verifyProof(
    await proofOf(4, [key], events),
    await policy({ log_keys: [{ key: vkeyText(key.verifier) }] }),
  )
  expect(proved._tag === 'Right' && (await isLeafOf(proved.right.leaf, events[4] as LeafEvent))).toBe(true)
})

test('a proof with any byte changed is refused', async () => {
  const key = await logKey('ledger.example')
  const trusted = await policy({ log_keys: [{ key: vkeyText(key.verifier) }] })
  const proof = await proofOf(7, [key])
  let refused = 0
  await hold(
    asyncProperty(integer({ min: 0, max: proof.length - 1 }), integer({ min: 1, max: 94 }), async (at, step) => {
      const code = 32 + ((proof.charCodeAt(at) - 32 + step + 95) % 95)
      const changed = proof.slice(0, at) + String.fromCharCode(code) + proof.slice(at + 1)
      if (changed === proof) return
      expect(await verifyProof(changed, trusted)).toMatchObject({ left: { _tag: 'NotVerified' } })
      refused += 1
    }),
    { numRuns: 500 },
  )
  expect(refused).toBeGreaterThan(450)
})

test('only a key that the policy trusts for the size of the tree counts', async () => {
  const [key, next, stranger] = [
    await logKey('ledger.example'),
    await logKey('ledger.example'),
    await logKey('ledger.example'),
  ]
  const keys = (from: number, to: number | null) =>
    policy({
      log_keys: [
        { key: vkeyText(key.verifier), from, to },
        { key: vkeyText(next.verifier), from: 1_000 },
      ],
    })
  const proof = await proofOf(7, [key])
  expect(await verifyProof(proof, await keys(0, 21))).toMatchObject({ right: { index: 7 } })
  expect(await verifyProof(proof, await keys(0, 20))).toMatchObject({ left: { _tag: 'NotVerified' } })
  expect(await verifyProof(await proofOf(7, [next]), await keys(0, null))).toMatchObject({
    left: { _tag: 'NotVerified' },
  })
  expect(await verifyProof(await proofOf(7, [stranger]), await keys(0, null))).toMatchObject({
    left: { _tag: 'NotVerified' },
  })
})

test('as many witnesses as the policy asks for must have cosigned', async () => {
  const key = await logKey('ledger.example')
  const witnesses = await Promise.all(['w1', 'w2', 'w3'].map((name) => witnessKey(`${name}.example`)))
  const trusted = (quorum: number) =>
    policy({
      log_keys: [{ key: vkeyText(key.verifier) }],
      witnesses: witnesses.map(({ verifier }) => vkeyText(verifier)),
      quorum,
    })
  const proof = await proofOf(7, [key, ...witnesses.slice(0, 2)])
  expect(await verifyProof(proof, await trusted(2))).toMatchObject({ right: { index: 7 } })
  expect(await verifyProof(proof, await trusted(3))).toMatchObject({
    left: { detail: expect.stringContaining('2 trusted witnesses') },
  })
})

test('a policy that names no key, or something that is none, is refused with the reason', async () => {
  const witness = vkeyText((await witnessKey('w.example')).verifier)
  for (const json of [
    null,
    [],
    {},
    { log_keys: [] },
    { log_keys: [{ key: 'no-key' }] },
    { log_keys: [{ key: witness }] },
    { log_keys: [{ key: witness, from: -1 }] },
  ])
    expect(await policyOf(json)).toMatchObject({ left: { _tag: 'PolicyRefused', detail: expect.any(String) } })
  const key = vkeyText((await logKey('ledger.example')).verifier)
  for (const rest of [{ quorum: 1 }, { witnesses: [key] }, { extra: true }, { witnesses: 'w' }])
    expect(await policyOf({ log_keys: [{ key }], ...rest })).toMatchObject({ left: { _tag: 'PolicyRefused' } })
  expect(await policyOfKey(key)).toMatchObject({ right: { quorum: 0 } })
})
