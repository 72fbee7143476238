import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, test } from 'vitest'
import { hashesOf, hashOf } from '../../projections/entry-ids.ts'

const MS = fc.integer({ min: 0, max: 2 ** 48 - 1 })

describe('the number by which an id is found', () => {
  test('is one that SQLite and JavaScript hold alike, whatever the id', () => {
    const id = fc.oneof(
      MS.map((msecs) => v7({ msecs })),
      fc.uuid(),
      fc.string({ maxLength: 255 }),
    )
    fc.assert(
      fc.property(id, (each) => {
        expect(Number.isSafeInteger(hashOf(each))).toBe(true)
        expect(hashOf(each)).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  test('grows with the time of UUIDv7, so that those of one commit stand together', () => {
    fc.assert(
      fc.property(MS, MS, (one, other) => {
        const [earlier, later] = [Math.min(one, other), Math.max(one, other) + 64]
        fc.pre(later < 2 ** 48)
        expect(hashOf(v7({ msecs: earlier }))).toBeLessThan(hashOf(v7({ msecs: later })))
      }),
    )
  })

  test('tells UUIDv7 of one moment apart, mostly', () => {
    const ids = Array.from({ length: 1_000 }, () => v7({ msecs: 1_700_000_000_000 }))
    expect(new Set(ids.map(hashOf)).size).toBeGreaterThan(600)
  })

  test('is told once where command and correlation id are the same', () => {
    expect(hashesOf({ command_id: 'a', correlation_id: 'a' })).toEqual([hashOf('a')])
    expect(hashesOf({ command_id: 'a', correlation_id: 'b' })).toEqual([hashOf('a'), hashOf('b')])
    expect(hashesOf({ command_id: null, correlation_id: 'b' })).toEqual([hashOf('b')])
  })
})
