import { describe, expect, test } from 'vitest'
import { ChangeStatusBody, CompleteBody, CreateBody, StartBody } from '../../src/run/commands.ts'
import { Actor, CommandId, CorrelationId } from '../../src/run/texts.ts'

const taken = (schema: { safeParse: (value: unknown) => { success: boolean } }, value: unknown): boolean =>
  schema.safeParse(value).success

describe('ids', () => {
  const isId = (id: unknown) =>
    taken(CreateBody, { policy_version_id: id }) && taken(CreateBody, { policy_version_id: 'p', run_id: id })
  test.each(['a', '0', 'A.b_c:d-e', 'x'.repeat(128), 'constructor'])('%.20s is one', (id) =>
    expect(isId(id)).toBe(true),
  )
  test.each(['', '-a', '.a', '_a', ':a', 'a b', 'a/b', 'é', 'a\n', 'x'.repeat(129), 1])('%.20j is none', (id) =>
    expect(isId(id)).toBe(false),
  )
})

describe('statuses', () => {
  test.each(['A', 'IN_REVIEW', 'W_1', 'X'.repeat(64), 'PENDING_2'])('%.20s is a status of one’s own', (status) =>
    expect(taken(ChangeStatusBody, { status })).toBe(true),
  )
  test.each(['', 'a', '1A', '_A', 'A-B', 'A B', 'É', 'X'.repeat(65), 'A\n', null])('%.20j is none', (status) =>
    expect(taken(ChangeStatusBody, { status })).toBe(false),
  )
  test.each(['PENDING', 'STARTED', 'SUCCESS', 'FAILURE', 'CANCELLED'])(
    '%s is not, since the ledger gives it',
    (status) => expect(taken(ChangeStatusBody, { status })).toBe(false),
  )
  test.each(['PENDING', 'STARTED', 'IN_REVIEW', 'success', undefined])('%s completes nothing', (status) =>
    expect(taken(CompleteBody, { status })).toBe(false),
  )
})

describe('texts are as long as characters, not code units, go', () => {
  test('a result has 0 to 256', () => {
    for (const result of ['', '😀'.repeat(256)]) expect(taken(CompleteBody, { status: 'SUCCESS', result })).toBe(true)
    expect(taken(CompleteBody, { status: 'SUCCESS', result: '😀'.repeat(257) })).toBe(false)
  })
  test('a reason has at most 1,000, line breaks too', () => {
    for (const reason of ['', '😀'.repeat(1000), 'a\nb\u2028']) expect(taken(StartBody, { reason })).toBe(true)
    expect(taken(StartBody, { reason: '😀'.repeat(1001) })).toBe(false)
  })
  test('an actor has 1 to 256 and no controls', () => {
    for (const actor of ['a', 'Žofia 😀', '😀'.repeat(256)]) expect(taken(Actor, actor)).toBe(true)
    for (const actor of ['', 'a\tb', 'a\u007f', 'a\u0085', '😀'.repeat(257)]) expect(taken(Actor, actor)).toBe(false)
  })
  test('keys are printable ASCII: 1 to 255 and 1 to 128', () => {
    for (const key of [' ', '~'.repeat(255)]) expect(taken(CommandId, key)).toBe(true)
    for (const key of ['', 'é', 'a\n', '~'.repeat(256)]) expect(taken(CommandId, key)).toBe(false)
    expect([taken(CorrelationId, 'x'.repeat(128)), taken(CorrelationId, 'x'.repeat(129))]).toStrictEqual([true, false])
  })
})

test('null means absent in every optional field, and absent is nowhere an empty value', () => {
  const nothing = { occurred_at: null, reason: null }
  const more = { run_id: null, run_group_id: null, input_data: null, run_metadata: null }
  expect(CreateBody.parse({ policy_version_id: 'p', ...nothing, ...more })).toEqual({ policy_version_id: 'p' })
  expect(StartBody.parse(nothing)).toEqual({})
  expect(ChangeStatusBody.parse({ status: 'A', run_metadata: null, ...nothing })).toEqual({ status: 'A' })
  expect(CompleteBody.parse({ status: 'SUCCESS', result: null, run_metadata: null, ...nothing })).toEqual({
    status: 'SUCCESS',
  })
})

test('nulls inside objects are values', () => {
  const objects = { input_data: { a: null }, run_metadata: { b: { c: null } } }
  expect(CreateBody.parse({ policy_version_id: 'p', ...objects })).toEqual({ policy_version_id: 'p', ...objects })
})

test.each([
  [CreateBody, { policy_version_id: 'p' }],
  [StartBody, {}],
  [ChangeStatusBody, { status: 'A' }],
  [CompleteBody, { status: 'SUCCESS' }],
])('unknown fields are refused, also those that name what the ledger gives', (schema, body) => {
  expect(taken(schema, body)).toBe(true)
  for (const field of ['x', 'actor', 'created_at', 'last_updated_at', 'received_at', 'constructor'])
    expect(taken(schema, { ...body, [field]: 'x' })).toBe(false)
})

test.each([[[]], [1], ['{}'], [true]])('an object is no %j', (value) => {
  expect(taken(CreateBody, { policy_version_id: 'p', input_data: value })).toBe(false)
  expect(taken(ChangeStatusBody, { status: 'A', run_metadata: value })).toBe(false)
})

test('occurred_at becomes UTC, cut to milliseconds', () =>
  expect(StartBody.parse({ occurred_at: '2026-05-04T14:00:00.123999+02:00' }).occurred_at).toBe(
    '2026-05-04T12:00:00.123Z',
  ))
