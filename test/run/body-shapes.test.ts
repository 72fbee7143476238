import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BODY_SHAPES } from '../../src/run/body-shapes.ts'
import { hasShape } from '../../src/run/shape.ts'
import { jsonObject } from '../support/arbitraries.ts'

const odd = fc.oneof(
  fc.constantFrom<unknown>('', ' ', 'STARTED', 'success', '2026-01-05T10:00:00Z', null, 7, true, []),
  fc.constantFrom('x'.repeat(257), 'x'.repeat(1001), '😀'.repeat(130)),
)
const mostly = (usual: fc.Arbitrary<unknown>) => fc.oneof({ weight: 6, arbitrary: usual }, odd)
const text = (...texts: readonly string[]) => mostly(fc.constantFrom(...texts))

/** What may stand in each field: what it takes, and some that it does not. */
const FIELDS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  run_id: text('r-1'),
  run_group_id: text('g-1'),
  policy_version_id: text('p-1'),
  status: text('IN_REVIEW', 'SUCCESS'),
  result: text('APPROVED', ''),
  input_data: mostly(jsonObject),
  run_metadata: mostly(jsonObject),
  occurred_at: text('2026-01-05T10:00:00.000Z'),
  reason: text('because'),
}

test.each([...BODY_SHAPES.keys()].map((schema, at) => [at, schema] as const))(
  'a body that has the shape is one that its schema takes, and gives back as it is: body %i',
  (_, schema) => {
    const expected = BODY_SHAPES.get(schema) ?? expect.fail('no shape')
    const fields = Object.fromEntries([...expected.fields.keys()].map((name) => [name, FIELDS[name] ?? odd]))
    let accepted = 0
    fc.assert(
      fc.property(fc.record({ ...fields, unknown: odd }, { requiredKeys: [] }), (given) => {
        const { unknown, ...known } = given as Record<string, unknown>
        for (const body of [given, known] as Record<string, unknown>[]) {
          if (!hasShape(expected, body)) continue
          deepStrictEqual(schema.parse(body), { ...body })
          accepted += 1
        }
      }),
      { numRuns: 400 },
    )
    expect(accepted).toBeGreaterThan(20)
  },
)
