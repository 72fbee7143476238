import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyIndex, findCommand, noteCommand } from '../../src/ledger/command-index.ts'

test('each id is found at its revision, and after that no more', () =>
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 200 }), (ids) => {
      const index = emptyIndex()
      for (const id of ids) noteCommand(index, id)
      for (const [revision, id] of ids.entries()) {
        let found = findCommand(index, id, -1)
        // Another id may have the same hash: the search goes on after it.
        while (found !== -1 && found < revision) found = findCommand(index, id, found)
        expect(found).toBe(revision)
      }
    }),
  ))

test('an id that was not noted is hardly ever found, in an index with room to spare least of all', () => {
  const index = emptyIndex()
  expect(findCommand(index, 'none', -1)).toBe(-1)
  for (let n = 0; n < 1_000; n += 1) noteCommand(index, `id-${n}`)
  const found = Array.from({ length: 1_000 }, (_, n) => findCommand(index, `other-${n}`, -1)).filter((at) => at !== -1)
  // One in 4,300 runs of this test finds one, one in 37 million finds two.
  expect(found.length).toBeLessThan(3)
})

test('an id takes about four bytes', () => {
  const index = emptyIndex()
  for (let n = 0; n < 10_000; n += 1) noteCommand(index, `id-${n}`)
  expect(index.hashes.byteLength).toBeLessThan(60_001)
})
