import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/run/json.ts'
import { type RegistryFault, type Upcaster, upcast, upcastersOf } from '../../src/run/upcasters.ts'
import { rightOf } from '../support/scenario.ts'

/** An upcaster of an invented event type that writes down its way. */
const step = (from: number, to: number, type = 'Invented'): Upcaster => ({
  type,
  from,
  to,
  upcast: (data: JsonObject) => ({ ...data, way: `${data.way ?? from}-${to}` }),
})
const versions = { Invented: 4, Settled: 1 }

test('data of every older version comes up to the current one, step by step', () => {
  const upcasters = rightOf(upcastersOf(versions, [step(2, 3), step(1, 2), step(3, 4)]))
  expect(upcast(upcasters, 'Invented', 1, { a: 1 })).toStrictEqual({ a: 1, way: '1-2-3-4' })
  expect(upcast(upcasters, 'Invented', 3, { a: 1 })).toStrictEqual({ a: 1, way: '3-4' })
  expect(upcast(upcasters, 'Invented', 4, { a: 1 })).toStrictEqual({ a: 1 })
})

test('a step may leave versions out', () => {
  const upcasters = rightOf(upcastersOf(versions, [step(1, 4), step(2, 4), step(3, 4)]))
  expect(upcast(upcasters, 'Invented', 1, {})).toStrictEqual({ way: '1-4' })
})

test.each([0, 5, -1, 1.5])('version %s, which was never written, leads nowhere', (version) => {
  const upcasters = rightOf(upcastersOf(versions, [step(1, 2), step(2, 3), step(3, 4)]))
  expect(upcast(upcasters, 'Invented', version, {})).toBeNull()
  expect(upcast(upcasters, 'Settled', version, {})).toBeNull()
  expect(upcast(upcasters, 'constructor', version, {})).toBeNull()
})

test.each<[string, Upcaster[], RegistryFault]>([
  ['nothing at all', [], { _tag: 'Hole', type: 'Invented', version: 1 }],
  ['a version left out', [step(1, 2), step(3, 4)], { _tag: 'Hole', type: 'Invented', version: 2 }],
  [
    'a step past the current version',
    [step(1, 2), step(2, 3), step(3, 5)],
    { _tag: 'Hole', type: 'Invented', version: 3 },
  ],
  ['two steps from one version', [step(1, 2), step(1, 3)], { _tag: 'Double', type: 'Invented', version: 1 }],
  ['a step to itself', [step(2, 2)], { _tag: 'Circle', type: 'Invented', version: 2 }],
  ['a step back', [step(1, 2), step(3, 1)], { _tag: 'Circle', type: 'Invented', version: 3 }],
  ['a type that nobody writes', [step(1, 2, 'Other')], { _tag: 'UnknownType', type: 'Other', version: 1 }],
  ['a type named like a method', [step(1, 2, 'toString')], { _tag: 'UnknownType', type: 'toString', version: 1 }],
])('a registry with %s is refused', (_name, registry, fault) =>
  expect(upcastersOf(versions, registry)).toStrictEqual({ _tag: 'Left', left: fault }),
)
