import { version } from 'uuid'
import { expect, test } from 'vitest'
import { newId } from '../../src/lib/new-id.ts'

test('new ids are UUIDv7: each its own, in the order they were made', () => {
  const ids = Array.from({ length: 1000 }, newId)
  expect(new Set(ids).size).toBe(1000)
  expect(ids.toSorted()).toStrictEqual(ids)
  expect(version(ids[0] ?? '')).toBe(7)
})
