import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { bigInt, assert as hold, option, property, record, string, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { toHex, utf8 } from '../../../src/trust/formats/bytes.ts'
import { type LeafEvent, leafOf } from '../../../src/trust/formats/leaf.ts'
import { commitmentsOf, hashOfEvent, hashOfLeaf } from '../../../src/trust/tree/hashes.ts'

type GoldenLeaf = Readonly<{
  event: Omit<LeafEvent, 'data' | 'metadata'> & { data: string; metadata: string }
  leaf_hash: string
}>

const GOLDEN = JSON.parse(
  readFileSync(new URL('../../golden/leaves.json', import.meta.url), 'utf8'),
) as readonly GoldenLeaf[]

const eventOf = ({ event }: GoldenLeaf): LeafEvent => ({
  ...event,
  data: utf8(event.data),
  metadata: utf8(event.metadata),
})

test('leaves hash as they always have', () => {
  expect(GOLDEN.length).toBeGreaterThan(4)
  for (const golden of GOLDEN) expect(toHex(hashOfEvent(eventOf(golden)))).toBe(golden.leaf_hash)
})

test('the hash of an event is that of its leaf, whatever stands in it', () =>
  hold(
    property(
      record({
        run_id: option(string({ unit: 'grapheme' })),
        revision: bigInt({ min: 0n, max: 2n ** 63n }),
        type: string({ unit: 'grapheme' }),
        event_id: string(),
        recorded_at: string(),
        data: uint8Array({ maxLength: 300 }),
        nonce: option(uint8Array({ minLength: 16, maxLength: 16 })),
      }),
      ({ nonce, data, ...rest }) => {
        const text = nonce === null ? '{}' : JSON.stringify({ nonce: Buffer.from(nonce).toString('base64url') })
        const event: LeafEvent = { ...rest, data: new Uint8Array(data), metadata: utf8(text) }
        const hmac = (bytes: Uint8Array) =>
          createHmac('sha256', nonce ?? '')
            .update(bytes)
            .digest()
        const commitments = { data: hmac(event.data), metadata: hmac(event.metadata) }
        expect(toHex(hashOfEvent(event))).toBe(toHex(hashOfLeaf(leafOf(event, commitments))))
      },
    ),
  ))

test('a leaf is eight parts, each after its length, with commitments under the nonce of the event', () => {
  const nonce = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const metadata = JSON.stringify({ schema_version: 1, nonce: nonce.toString('base64url') })
  const event = {
    run_id: 'r-1',
    revision: 7,
    type: 'RunStarted',
    event_id: 'ABC',
    recorded_at: '2026-11-29T00:00:00.000Z',
  }
  const hmac = (text: string) => createHmac('sha256', nonce).update(text).digest()
  const parts = [
    'run-ledger/leaf/v1',
    'run:r-1',
    '7',
    'RunStarted',
    'abc',
    event.recorded_at,
    hmac('{}'),
    hmac(metadata),
  ]
  const expected = Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(part))
      return [length, Buffer.from(part as string)]
    }),
  )
  const stored = { ...event, data: utf8('{}'), metadata: utf8(metadata) }
  expect(Buffer.from(leafOf(event, commitmentsOf(stored)))).toEqual(expected)
  expect(toHex(hashOfEvent(stored))).toBe(
    createHash('sha256')
      .update(Buffer.concat([Buffer.of(0), expected]))
      .digest('hex'),
  )
})

test('every part of an event, and every byte of its data and metadata, is committed to', () => {
  const [first] = GOLDEN
  if (first === undefined) throw new Error('no golden leaves')
  const event = eventOf(first)
  const others: readonly LeafEvent[] = [
    { ...event, run_id: 'another' },
    { ...event, run_id: null },
    { ...event, revision: 9 },
    { ...event, type: 'Another' },
    { ...event, event_id: '00000000-0000-7000-8000-000000000000' },
    { ...event, recorded_at: '2026-01-01T00:00:00.000Z' },
    { ...event, data: utf8(`${first.event.data} `) },
    { ...event, metadata: utf8(`${first.event.metadata} `) },
  ]
  const hashes = [event, ...others].map((each) => toHex(hashOfEvent(each)))
  expect(new Set(hashes).size).toBe(hashes.length)
})
