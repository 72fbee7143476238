import { expect, test } from 'vitest'
import { etagOf, namesTag, revisionOfTag } from '../../../src/http/response/etag.ts'

test('a revision goes into a tag and comes out again', () => {
  for (const revision of [0, 7, 9_999]) expect(revisionOfTag(etagOf(revision))).toBe(revision)
})

test.each(['', '3', '*', 'W/"3"', '"3", "4"', '"-1"', '"03"', '"3.0"', '"x"', '"3'])(
  '%s is no revision to match',
  (tag) => {
    expect(revisionOfTag(tag)).toBeNull()
  },
)

test('a comma inside a tag does not end it', () => {
  expect(namesTag('"a,"3",b"', '"3"')).toBe(false)
  expect(namesTag('"a","3"', '"3"')).toBe(true)
})
