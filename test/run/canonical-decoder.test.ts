import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalData, canonicalMetadata } from '../../src/run/canonical-decoder.ts'
import { encode } from '../../src/run/event-codec.ts'
import { DATA_SCHEMAS, EventMetadata, type RunEvent } from '../../src/run/events.ts'
import type { EventType } from '../../src/run/upcasters.ts'
import { history } from '../support/histories.ts'
import { changed, completed, created, metadata, started } from '../support/run-builders.ts'

/** A text that the ledger writes, with a few characters put elsewhere, doubled, replaced or left out. */
const broken = (texts: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(
        fc.record({
          at: fc.nat(1000),
          cut: fc.nat(3),
          put: fc.oneof(
            fc.constantFrom('', '"', '\\', '\\u0061', '\n', '{', '}', ',', ':', '0', '9', 'a', '-', ' ', 'é', '\u007f'),
            fc.constantFrom(
              '"extra":1,',
              'null',
              '1.5',
              '-1',
              '"status":"A",',
              'SUCCESS',
              'x'.repeat(300),
              '31',
              '02-30',
            ),
          ),
        }),
        { maxLength: 2 },
      ),
    )
    .map(([text, edits]) =>
      edits.reduce((edited, { at, cut, put }) => {
        const from = at % (edited.length + 1)
        return edited.slice(0, from) + put + edited.slice(from + cut)
      }, text),
    )

/** What the parser and the schema make of `text`; undefined where they take it for broken. */
const judged = (schema: { safeParse: (value: unknown) => { data?: unknown } }, text: string): unknown => {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const texts = (make: (event: RunEvent) => string) => [
  ...[started(), changed(), completed(), created()].map(make),
  ...['A'.repeat(64), 'A'.repeat(65), 'PENDING', 'in_review'].map((status) => make(changed({ status }))),
  ...['x'.repeat(128), 'x'.repeat(129), '-x'].map((run_id) => make(started({ run_id }))),
  ...[
    '2026-02-29T00:00:00.000Z',
    '2024-02-29T23:59:59.999Z',
    '1969-12-31T23:59:59.999Z',
    '2026-13-01T00:00:00.000Z',
  ].map((occurred_at) => make(started({ occurred_at }))),
]

test('data read without a parser are what the schema gives back, unchanged', () => {
  let read = 0
  const types = fc.constantFrom<EventType>('RunCreated', 'RunStarted', 'RunStatusChanged', 'RunCompleted')
  fc.assert(
    fc.property(types, broken(texts((event) => encode(event).data)), (type, text) => {
      const data = canonicalData(type, text)
      if (data === null) return
      read += 1
      deepStrictEqual(data, judged(DATA_SCHEMAS[type], text))
      expect(JSON.stringify(data)).toBe(text)
    }),
    { numRuns: 5000 },
  )
  expect(read).toBeGreaterThan(100)
})

test('metadata read without a parser are what the schema gives back, unchanged', () => {
  const long = (length: number) => metadata({ command_id: 'x'.repeat(length), $correlationId: 'y', $causationId: 'z' })
  const written = [
    metadata(),
    metadata({ recorded_by: { principal: 'svc', via: 'import' }, actor: 'Bob 1', occurred_at_from: 'lifted' }),
    metadata({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }),
    metadata({ nonce: 'AAECAwQFBgcICQoLDA0ODw' }),
    metadata({ imported: { recorded_at: '2020-01-01T00:00:00.000Z', position: '00000000000000000007' } }),
    ...[0, 253, 254, 255, 256].map(long),
    ...[254, 255, 256, 257].map((length) => ({ ...long(length), nonce: 'AAECAwQFBgcICQoLDA0O-_' })),
  ]
  let read = 0
  fc.assert(
    fc.property(broken(written.map((one) => JSON.stringify(one))), (text) => {
      const found = canonicalMetadata(text)
      if (found === null) return
      read += 1
      deepStrictEqual(found, judged(EventMetadata, text))
      expect(JSON.stringify(found)).toBe(text)
    }),
    { numRuns: 5000 },
  )
  expect(read).toBeGreaterThan(250)
})

test('what the ledger writes of a start or a change of status alone needs no parser', () =>
  fc.assert(
    fc.property(history, (events) => {
      for (const event of events) {
        const { type, data, reason } = { ...event, reason: event.data.reason }
        const isShort = type === 'RunStarted' || (type === 'RunStatusChanged' && data.run_metadata === undefined)
        if (isShort && reason === undefined) expect(canonicalData(type, encode(event).data)).toStrictEqual(data)
        expect(canonicalMetadata(encode({ ...event, metadata: metadata() }).metadata)).toStrictEqual(metadata())
      }
    }),
  ))
