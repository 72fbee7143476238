import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CommandLine } from '../../src/api/command-line.ts'
import { fieldReader } from '../../src/api/field-reader.ts'
import { ChangeStatusBody, CompleteBody, CreateBody, StartBody } from '../../src/run/commands.ts'
import { jsonObject } from '../support/arbitraries.ts'

const odd = fc.oneof(
  fc.constantFrom<unknown>('', ' ', 'STARTED', 'success', '2026-01-05T10:00:00+02:00', null, 7, true, [], undefined),
  fc.constantFrom('x'.repeat(257), 'x'.repeat(1001), '😀'.repeat(130), 'a\nb'),
)
const mostly = (usual: fc.Arbitrary<unknown>) => fc.oneof({ weight: 6, arbitrary: usual }, odd)
const text = (...texts: readonly string[]) => mostly(fc.constantFrom(...texts))

/** What may stand in each field: what it takes, and some that it does not. */
const FIELDS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  command: fc.constantFrom('create', 'start', 'change_status', 'complete'),
  run_id: text('r-1'),
  run_group_id: text('g-1'),
  policy_version_id: text('p-1'),
  status: text('IN_REVIEW', 'SUCCESS'),
  result: text('APPROVED', ''),
  input_data: mostly(jsonObject),
  run_metadata: mostly(jsonObject),
  occurred_at: text('2026-01-05T10:00:00.000Z'),
  reason: text('because'),
  command_id: text('c-1'),
  actor: text('Žofia'),
}

test.each(
  [CreateBody, StartBody, ChangeStatusBody, CompleteBody, ...CommandLine.options].map(
    (schema, at) => [at, schema as z.ZodObject] as const,
  ),
)('field by field an object is read as its schema reads it: schema %i', (_, schema) => {
  const read = fieldReader(schema)
  const fields = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, FIELDS[name] ?? odd]))
  const seen = { read: 0, refused: 0 }
  fc.assert(
    fc.property(
      fc.record({ ...fields, unknown: odd }, { requiredKeys: [], noNullPrototype: true }),
      fc.nat(3),
      (given, strange) => {
        const { unknown, ...known } = given
        const object = strange === 0 ? given : known
        const parsed = schema.safeParse(object)
        deepStrictEqual(read(object), parsed.success ? parsed.data : null)
        seen[parsed.success ? 'read' : 'refused'] += 1
      },
    ),
    { numRuns: 2000 },
  )
  expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(20)
})

test.each([null, [], 'text', 7, undefined])('%j is no object', (value) =>
  expect(fieldReader(StartBody)(value)).toBeNull(),
)

test.each([z.object({}), z.looseObject({}), z.strictObject({ a: z.string() }).refine(() => true)])(
  'a schema that cannot be taken apart is a bug',
  (schema) => expect(() => fieldReader(schema)).toThrow('field by field'),
)
