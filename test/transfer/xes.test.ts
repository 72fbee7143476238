import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EntryAnswer } from '../../src/api/entries.ts'
import { eventElement, TRACE_END, traceBegin, XES_BEGIN, XES_END } from '../../src/transfer/xes.ts'
import { at } from '../support/run-builders.ts'
import { readXes } from '../support/xes.ts'

const entry = (more: Partial<EntryAnswer> = {}): EntryAnswer => ({
  position: '00000000000000000007',
  event_id: 'f0b1a5c2-0000-4000-8000-000000000001',
  run_id: 'loan-1',
  revision: 2,
  type: 'RunStatusChanged',
  schema_version: 1,
  occurred_at: at(2),
  occurred_at_from: 'caller',
  recorded_at: at(3),
  actor: 'alice',
  recorded_by: { principal: null, via: 'http' },
  reason: null,
  command_id: 'c-1',
  correlation_id: 'c-1',
  causation_id: 'c-1',
  changes: [],
  data: { run_id: 'loan-1', status: 'IN_REVIEW', occurred_at: at(2) },
  ...more,
})

const run = {
  run_id: 'loan-1',
  run_group_id: null,
  policy_version_id: 'policy-7',
  status: 'SUCCESS',
  result: 'APPROVED',
  input_data: { amount: 12_000, rate: 0.5, insured: true, applicant: { age: 40 }, 'no name': 1, empty: null },
  run_metadata: { desk: 'north' },
  created_at: at(0),
  started_at: null,
  last_updated_at: at(3),
}

const logOf = (trace: string) => readXes(XES_BEGIN + trace + XES_END)
/** The event of an Entry, after which the Run stands as `after` says. */
const eventOf = (given: EntryAnswer, after: typeof run | null = { ...run, status: 'IN_REVIEW' }) =>
  logOf(traceBegin('loan-1', null) + eventElement(given, after) + TRACE_END).traces[0]?.events[0]

test('a log without runs is a log', () =>
  expect(logOf('')).toMatchObject({
    extensions: ['concept', 'lifecycle', 'org', 'time', 'identity'],
    attributes: { 'concept:name': 'run-ledger', 'lifecycle:model': 'standard' },
    traces: [],
  }))

test('a trace is named after its run, and has its fields and every key of its data', () =>
  expect(logOf(traceBegin('loan-1', run) + TRACE_END).traces[0]?.attributes).toEqual({
    'concept:name': 'loan-1',
    policy_version_id: 'policy-7',
    status: 'SUCCESS',
    result: 'APPROVED',
    created_at: at(0),
    last_updated_at: at(3),
    'input_data.amount': 12_000,
    'input_data.rate': 0.5,
    'input_data.insured': true,
    'input_data.applicant': { json: { age: 40 } },
    'input_data.no_x0020_name': 1,
    'input_data.empty': { json: null },
    'run_metadata.desk': 'north',
  }))

test('an event is the status that the run got, by whom and when', () =>
  expect(eventOf(entry({ reason: 'looked twice' }))).toEqual({
    'concept:name': 'IN_REVIEW',
    'lifecycle:transition': 'complete',
    'org:resource': 'alice',
    'time:timestamp': at(2),
    'identity:id': 'f0b1a5c2-0000-4000-8000-000000000001',
    type: 'RunStatusChanged',
    status: 'IN_REVIEW',
    revision: 2,
    position: '00000000000000000007',
    recorded_at: at(3),
    reason: 'looked twice',
    command_id: 'c-1',
    correlation_id: 'c-1',
  }))

test('status and result are those of the Run after the event, whatever its data say', () => {
  const data = { status: 'OLD_NAME', outcome: 'OLD_FORM' }
  expect(eventOf(entry({ type: 'RunCreated', data }), { ...run, status: 'PENDING' })).toMatchObject({
    'concept:name': 'PENDING',
    status: 'PENDING',
  })
  const completed = eventOf(entry({ type: 'RunCompleted', data }), { ...run, status: 'SUCCESS', result: 'DECLINED' })
  expect(completed).toMatchObject({ 'concept:name': 'SUCCESS', status: 'SUCCESS', result: 'DECLINED' })
})

test('an event that cannot be read is there, with what can be told of it', () => {
  const unread = { schema_version: null, occurred_at: null, actor: null, command_id: null, correlation_id: null }
  expect(eventOf(entry({ ...unread, type: 'RunTeleported', changes: null, data: null }), null)).toEqual({
    'concept:name': 'RunTeleported',
    'lifecycle:transition': 'complete',
    'identity:id': 'f0b1a5c2-0000-4000-8000-000000000001',
    type: 'RunTeleported',
    revision: 2,
    position: '00000000000000000007',
    recorded_at: at(3),
  })
})

test('a key that is a name stays as it is, and any other comes back from its escapes', () => {
  const keyOf = (key: string) =>
    Object.keys(
      logOf(traceBegin('loan-1', { ...run, input_data: {}, run_metadata: { [key]: 1 } }) + TRACE_END).traces[0]
        ?.attributes ?? {},
    ).find((each) => each.startsWith('run_metadata.')) ?? ''
  for (const key of ['größe', '住所', 'naïve-key.2', '_x', '_x20_', '\u{1f600}', 'a_b'])
    expect(keyOf(key)).toBe(`run_metadata.${key}`)
  for (const [key, escaped] of [
    ['a b', 'a_x0020_b'],
    ['a:b', 'a_x003A_b'],
    ['_x0020_', '_x005F_x0020_'],
    ['\u{f0000}', '_xF0000_'],
    ['', ''],
  ] as const)
    expect(keyOf(key)).toBe(`run_metadata.${escaped}`)
  const unescaped = (name: string) =>
    name.replace(/_x([0-9A-F]{4,8})_/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 16)))
  const pieces = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('_x', '0020', '_', ':', '5F_', '10FFFF_'))
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
      const key = parts.join('')
      expect(unescaped(keyOf(key))).toBe(`run_metadata.${key}`)
    }),
  )
})

test('what is a text, and what is JSON, stay apart', () =>
  expect(
    logOf(
      traceBegin('loan-1', { ...run, input_data: { text: '{"a":1}', object: { a: 1 }, list: [], nothing: null } }) +
        TRACE_END,
    ).traces[0]?.attributes,
  ).toMatchObject({
    'input_data.text': '{"a":1}',
    'input_data.object': { json: { a: 1 } },
    'input_data.list': { json: [] },
    'input_data.nothing': { json: null },
  }))

describe('any text comes back from an XML parser', () => {
  test('as it was, line breaks and quotes too', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (reason) => {
        expect(eventOf(entry({ reason }))?.['reason']).toBe(xmlText(reason))
      }),
    ))

  test('with U+FFFD for what XML 1.0 cannot hold', () =>
    expect(eventOf(entry({ reason: 'a\u0000b\u001bc\ufffed\ud800e\tf\r\ng <&>"\u{1f600}' }))?.['reason']).toBe(
      'a\ufffdb\ufffdc\ufffdd\ufffde\tf\r\ng <&>"\u{1f600}',
    ))
})

const xmlText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what XML cannot hold
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
