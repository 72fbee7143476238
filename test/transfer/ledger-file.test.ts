import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_APPEND_BYTES, type StoredEvent } from '../../src/event-store/event-store.ts'
import { ledgerLine, movedEvent, parseLedgerLine } from '../../src/transfer/ledger-file.ts'

const stored = (more: Partial<StoredEvent> = {}): StoredEvent => ({
  stream: 'loan-1',
  revision: 3,
  position: '00000000000000000042',
  recorded_at: '2026-05-04T12:00:00.000Z',
  event_id: 'f0b1a5c2-0000-4000-8000-000000000001',
  type: 'RunStarted',
  data: '{"run_id":"loan-1"}',
  metadata: '{"actor":"alice"}',
  ...more,
})

const bytesOf = (line: string): Buffer => Buffer.from(line.trimEnd())

test('every text of an event comes back as it was, whatever stands in it', () =>
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      (data, metadata, last) => {
        const event = stored({ data, metadata })
        const line = ledgerLine(event, last)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(parseLedgerLine(bytesOf(line))).toMatchObject({ right: { ...event, last } })
      },
    ),
  ))

describe('what is no line of the format is refused, and why is said', () => {
  const line = JSON.parse(ledgerLine(stored(), false))
  test.each([
    ['a command', '{"command":"create"}', 'no event of an export'],
    ['half a line', ledgerLine(stored(), false).slice(0, 90), 'no JSON object'],
    ['a list', '[]', 'no JSON object'],
    ['another version', JSON.stringify({ ...line, ledger: 2 }), 'no event of an export'],
    ['data that are no text', JSON.stringify({ ...line, data: {} }), 'its data is no text'],
    ['half a revision', JSON.stringify({ ...line, revision: 0.5 }), 'its revision'],
    ['a time that is none', JSON.stringify({ ...line, recorded_at: 'yesterday' }), 'its recorded_at'],
    ['a short position', JSON.stringify({ ...line, position: '42' }), 'its position'],
    ['a stream without a name', JSON.stringify({ ...line, stream: '' }), 'its stream or type'],
  ])('%s', (_what, text, said) =>
    expect(parseLedgerLine(Buffer.from(text))).toMatchObject({ left: { detail: expect.stringContaining(said) } }),
  )

  test('bytes that are no UTF-8, which would be changed by reading them', () => {
    const bytes = bytesOf(ledgerLine(stored({ data: '{"a":"x"}' }), false))
    bytes[bytes.indexOf('x')] = 0xff
    expect(parseLedgerLine(bytes)).toMatchObject({ left: { detail: 'it is no JSON object' } })
  })
})

describe('a moved event', () => {
  const metadataOf = (metadata: string) => {
    const moved = movedEvent(stored({ metadata }))
    return moved._tag === 'Right' ? moved.right.metadata : moved.left
  }
  const imported = '"imported":{"recorded_at":"2026-05-04T12:00:00.000Z","position":"00000000000000000042"}'

  test.each([
    ['members', '{"actor":"alice"}', `{"actor":"alice",${imported}}`],
    ['spaces', ' { "b" : {} , "a" : 1 }\n', ` { "b" : {} , "a" : 1 ,${imported}}\n`],
    ['nothing', '{}', `{${imported}}`],
  ])('says where it comes from at the end of metadata with %s, whose text stays as it is', (_what, text, expected) =>
    expect(metadataOf(text)).toBe(expected),
  )

  test('that was moved before keeps its first time and place', () => {
    const text = '{"imported":{"recorded_at":"2020-01-01T00:00:00.000Z","position":"00000000000000000007"},"actor":"a"}'
    expect(metadataOf(text)).toBe(text)
  })

  test.each(['', 'not json', '[1]', 'null', '{"broken":'])('whose metadata are %j is moved as it is', (text) =>
    expect(metadataOf(text)).toBe(text),
  )

  test('keeps its id, type and data', () => {
    const { event_id, type, data } = stored()
    expect(movedEvent(stored())).toMatchObject({ right: { event_id, type, data } })
  })

  test('that no store would take any more is refused', () => {
    const fitting = MAX_APPEND_BYTES - Buffer.byteLength(metadataOf('{}') as string)
    const data = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`
    expect(movedEvent(stored({ metadata: '{}', data: data(fitting) }))).toMatchObject({ _tag: 'Right' })
    expect(movedEvent(stored({ metadata: '{}', data: data(fitting + 1) }))).toMatchObject({
      left: { detail: expect.stringContaining('it takes 1000001 bytes, and an event takes at most 1000000') },
    })
  })
})
