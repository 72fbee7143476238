import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { QUERY_SHAPES, readQuery } from '../../src/api/query-shapes.ts'

const odd = fc.oneof(
  fc.constantFrom('', ' ', 'success', '2026-01-05T10:00:00Z', '2026-02-30T10:00:00.000Z', '0', '1001', '007', '1.5'),
  fc.constantFrom<unknown>(undefined, ['a', 'b'], 'x'.repeat(257), '😀'.repeat(128), 'tab\there', '__proto__'),
)

/** What each parameter takes. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  status: ['IN_REVIEW'],
  result: ['APPROVED', ''],
  actor: ['resource-112', 'Ada Lovelace'],
  type: ['RunCreated'],
  limit: ['1', '50', '1000'],
  cursor: ['abc', ''],
  sort: ['position', '-occurred_at', 'created_at', '-last_updated_at'],
  format: ['json', 'csv'],
}
const usual = (name: string) =>
  USUAL[name] ??
  (/^(as_of|known_at|.*_(after|before))$/.test(name) ? ['2026-01-05T10:00:00.000Z'] : ['loan-1', 'A.b:c_d-9'])

test.each([...QUERY_SHAPES].map(([schema, shape], at) => [at, schema, shape] as const))(
  'what is read of a query without its schema is what the schema makes of it: query %i',
  (_, schema, shape) => {
    const parameters = Object.fromEntries(
      [...shape.parameters.keys()].map((name) => [
        name,
        fc.oneof({ weight: 8, arbitrary: fc.constantFrom<unknown>(...usual(name)) }, odd),
      ]),
    )
    let read = 0
    fc.assert(
      fc.property(fc.record({ ...parameters, unknown: odd }, { requiredKeys: [] }), (given) => {
        const { unknown, ...known } = given as Record<string, unknown>
        for (const query of [given, known] as Record<string, unknown>[]) {
          const asked = readQuery(shape, query)
          if (asked === null) continue
          deepStrictEqual(asked, schema.parse(query))
          read += 1
        }
      }),
      { numRuns: 400 },
    )
    expect(read).toBeGreaterThan(20)
  },
)

test('a query without parameters is read as its schema reads it', () => {
  for (const [schema, shape] of QUERY_SHAPES) deepStrictEqual(readQuery(shape, {}), schema.parse({}))
})

test('what a shape does not know is left to the schema', () => {
  for (const shape of QUERY_SHAPES.values()) {
    expect(readQuery(shape, { unknown: 'x' })).toBeNull()
    expect(readQuery(shape, { toString: 'x' })).toBeNull()
    expect(readQuery(shape, { limit: '0' })).toBeNull()
    expect(readQuery(shape, { limit: ['1', '2'] })).toBeNull()
  }
})
