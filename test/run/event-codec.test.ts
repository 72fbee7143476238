import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, decodeWith, encode } from '../../src/run/event-codec.ts'
import { DATA_SCHEMAS, EventMetadata, type RunEvent } from '../../src/run/events.ts'
import { type Upcaster, upcastersOf } from '../../src/run/upcasters.ts'
import { history } from '../support/histories.ts'
import { changed, completed, created, metadata, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const stored = (event: RunEvent, data: object = {}, meta: object = {}) => ({
  type: event.type as string,
  data: JSON.stringify({ ...event.data, ...data }),
  metadata: JSON.stringify({ ...event.metadata, ...meta }),
})

test('what is encoded is decoded again, whatever happened', () =>
  fc.assert(
    fc.property(history, (events) => {
      for (const event of events)
        deepStrictEqual(rightOf(decode(encode(event))), { ...event, data: present(event.data) })
    }),
  ))

test('what another interface may add is read too: an import, a trace, a principal, an actor of any script', () => {
  const meta = {
    imported: { recorded_at: '2020-01-01T00:00:00.000Z', position: '00000000000000000007' },
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    recorded_by: { principal: 'svc', via: 'cli' },
    actor: 'Žofia 😀',
  }
  const event = rightOf(decode(stored(started(), {}, meta)))
  expect(event.metadata).toStrictEqual(metadata(meta as Partial<EventMetadata>))
})

test('unknown fields, which no version of this schema writes, are left out', () => {
  const event = rightOf(decode(stored(started(), { extra: 1 }, { extra: 2 })))
  expect(event).toStrictEqual(started())
})

describe('what cannot be read says why', () => {
  test.each<[string, ReturnType<typeof stored>, string]>([
    ['an unknown type', { ...stored(started()), type: 'RunPaused' }, 'unknown event type'],
    ['a type named like a method', { ...stored(started()), type: 'toString' }, 'unknown event type'],
    ['a later version', stored(started(), {}, { schema_version: 2 }), 'unknown schema version 2'],
    ['metadata that is no JSON', { ...stored(started()), metadata: '{' }, 'broken metadata'],
    ['metadata that is no object', { ...stored(started()), metadata: '[]' }, 'broken metadata'],
    ['version 0', stored(started(), {}, { schema_version: 0 }), 'broken metadata: /schema_version'],
    ['half a version', stored(started(), {}, { schema_version: 1.5 }), 'broken metadata: /schema_version'],
    ['no actor', stored(started(), {}, { actor: undefined }), 'broken metadata: /actor'],
    ['an actor with a line break', stored(started(), {}, { actor: 'a\nb' }), 'broken metadata: /actor'],
    [
      'an unknown interface',
      stored(started(), {}, { recorded_by: { principal: null, via: 'x' } }),
      'broken metadata: /recorded_by/via',
    ],
    ['a time from nowhere', stored(started(), {}, { occurred_at_from: 'x' }), 'broken metadata: /occurred_at_from'],
    ['data that is no JSON', { ...stored(started()), data: '' }, 'broken data: not a JSON object'],
    ['data that is null', { ...stored(started()), data: 'null' }, 'broken data: not a JSON object'],
    ['a missing field', stored(started(), { occurred_at: undefined }), 'broken data: /occurred_at'],
    [
      'a time with an offset',
      stored(started(), { occurred_at: '2026-05-04T12:00:00.000+00:00' }),
      'broken data: /occurred_at',
    ],
    [
      'a day that never was',
      stored(started(), { occurred_at: '2026-02-30T12:00:00.000Z' }),
      'broken data: /occurred_at',
    ],
    ['a broken id', stored(started(), { run_id: '-x' }), 'broken data: /run_id'],
    ['input_data that is an array', stored(created(), { input_data: [] }), 'broken data: /input_data'],
    ['a patch that is null', stored(changed(), { run_metadata: null }), 'broken data: /run_metadata'],
    ['a reserved status', stored(changed(), { status: 'STARTED' }), 'broken data: /status'],
    ['an end that is none', stored(completed(), { status: 'DONE' }), 'broken data: /status'],
    ['a result too long', stored(completed(), { result: 'x'.repeat(257) }), 'broken data: /result'],
  ])('%s', (_name, event, detail) => {
    const decoded = decode(event)
    expect(decoded).toMatchObject({ _tag: 'Left', left: { _tag: 'UndecodableEvent', type: event.type } })
    expect(decoded).toHaveProperty('left.detail', expect.stringContaining(detail))
  })
})

test('data of an invented older version is upcast, and checked only then', () => {
  const renamed: Upcaster = {
    type: 'RunStarted',
    from: 1,
    to: 2,
    upcast: ({ at, ...rest }) => ({ ...rest, occurred_at: at ?? null }),
  }
  const versions = { RunCreated: 1, RunStarted: 2, RunStatusChanged: 1, RunCompleted: 1 }
  const decodeOld = decodeWith(rightOf(upcastersOf(versions, [renamed])))
  const { run_id, occurred_at } = started().data
  const old = {
    type: 'RunStarted',
    data: JSON.stringify({ run_id, at: occurred_at }),
    metadata: JSON.stringify(metadata()),
  }
  expect(rightOf(decodeOld(old))).toStrictEqual(started())
  expect(rightOf(decodeOld(stored(started(), {}, { schema_version: 2 }))).data).toStrictEqual(started().data)
  expect(decodeOld({ ...old, data: JSON.stringify({ run_id }) })).toMatchObject({
    _tag: 'Left',
    left: { detail: expect.stringContaining('/occurred_at') },
  })
})

const odd = fc.constantFrom<unknown>(
  ...[
    undefined,
    null,
    true,
    0,
    1,
    1.5,
    -1,
    '',
    'x',
    'a b',
    'é',
    'PENDING',
    'SUCCESS',
    'OWN_1',
    'x'.repeat(129),
    'x'.repeat(257),
  ],
  ...[
    'x'.repeat(1001),
    '😀'.repeat(600),
    '2026-02-30T00:00:00.000Z',
    '2026-05-04T12:00:00Z',
    'a\nb',
    [],
    {},
    { a: null },
  ],
  ...[
    { principal: null, via: 'http' },
    { principal: 'p', via: 'cli', more: 1 },
    { via: 'http' },
    { principal: 1, via: 'x' },
  ],
)
const names = [
  ...['run_id', 'run_group_id', 'policy_version_id', 'status', 'result', 'input_data', 'run_metadata', 'occurred_at'],
  ...['reason', 'schema_version', 'command_id', 'actor', 'recorded_by', 'occurred_at_from', '$correlationId'],
  ...['$causationId', 'traceparent', 'imported', 'extra', 'constructor', 'toString'],
]
const changes = fc.array(fc.tuple(fc.constantFrom(...names), odd), { maxLength: 2 })
const any = fc.constantFrom<RunEvent>(created({ reason: 'r' }), started(), changed({ run_metadata: {} }), completed())

test('an event is decoded as the parser and the schemas alone would, whatever stands in its fields', () => {
  let decoded = 0
  fc.assert(
    fc.property(any, changes, (event, entries) => {
      const text = stored(event, Object.fromEntries(entries), Object.fromEntries(entries))
      const data = DATA_SCHEMAS[event.type].safeParse(JSON.parse(text.data))
      const meta = EventMetadata.safeParse(JSON.parse(text.metadata))
      const result = decode(text)
      expect(result._tag).toBe(data.success && meta.success && meta.data.schema_version === 1 ? 'Right' : 'Left')
      if (result._tag === 'Left') return
      deepStrictEqual(result.right, { type: event.type, data: data.data, metadata: meta.data })
      decoded += 1
    }),
    { numRuns: 3000 },
  )
  expect(decoded).toBeGreaterThan(300)
})

/** Without the fields that JSON leaves out. */
const present = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
