import { validate, version } from 'uuid'
import { afterEach, expect, test, vi } from 'vitest'
import { newId } from '../../src/api/new-id.ts'

afterEach(() => {
  vi.useRealTimers()
})

const made = (count: number) => Array.from({ length: count }, newId)

test('new ids are UUIDv7: each its own, in the order they were made', () => {
  const ids = made(20_000)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.toSorted()).toStrictEqual(ids)
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true)
})

test('an id begins with the ms in which it was made; what follows is random', () => {
  // The clock alone is set: what an id is made of can be told only of a known moment.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
  const before = made(2)
  vi.setSystemTime(Date.now() + 1)
  const after = made(2)
  const msOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
  expect([...before, ...after].map(msOf)).toEqual([Date.now() - 1, Date.now() - 1, Date.now(), Date.now()])
  expect(new Set([...before, ...after].map((id) => id.slice(24))).size).toBe(4)
  expect(before[0]?.slice(15, 23)).not.toBe(after[0]?.slice(15, 23))
})

test('ids keep their order where the clock is set back', () => {
  const first = newId()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
  const ids = [first, ...made(100)]
  expect(ids.toSorted()).toStrictEqual(ids)
})
