import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isJsonObject, type Json, type JsonObject } from '../../src/run/json.ts'
import { mergePatch } from '../../src/run/merge-patch.ts'
import { json, jsonObject } from '../support/arbitraries.ts'

// RFC 7396, appendix A. Four of its cases have a patch that is no object (["c","d"], ["c"], null and "bar"):
// a patch of run_metadata always is one, so they cannot come up.
describe('the appendix of RFC 7396', () => {
  test.each<[Json, JsonObject, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j patched with %j is %j', (target, patch, expected) => deepStrictEqual(mergePatch(target, patch), expected))
})

describe('the rules of run_metadata', () => {
  test.each<[string, JsonObject, JsonObject, JsonObject]>([
    ['null removes a key, deep down too', { a: 1, d: { x: 1, y: 2 } }, { a: null, d: { x: null } }, { d: { y: 2 } }],
    ['null for a key that is not there changes nothing', { a: 1 }, { b: null }, { a: 1 }],
    [
      'nulls that stood from the beginning stay',
      { a: null, d: { x: null } },
      { d: { y: 1 } },
      { a: null, d: { x: null, y: 1 } },
    ],
    [
      'arrays are replaced whole, with the nulls in them',
      { a: [1, 2, 3] },
      { a: [null, { x: null }] },
      { a: [null, { x: null }] },
    ],
    ['an empty patch changes nothing', { a: { b: null } }, {}, { a: { b: null } }],
    ['an empty object in a patch keeps the object', { a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
    ['an object replaces a scalar, without its nulls', { a: 1 }, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
    [
      'names of Object.prototype are ordinary keys',
      {},
      { constructor: { name: 1 }, toString: null },
      { constructor: { name: 1 } },
    ],
  ])('%s', (_name, target, patch, expected) => deepStrictEqual(mergePatch(target, patch), expected))
})

// MergePatch as section 2 of the RFC writes it, over fresh copies.
const asTheRfcWritesIt = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result = new Map(isJsonObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch))
    if (value === null) result.delete(name)
    else result.set(name, asTheRfcWritesIt(result.get(name), value) as Json)
  return Object.fromEntries(result)
}

test('it does what section 2 of the RFC writes, and leaves its arguments as they were', () =>
  fc.assert(
    fc.property(json, jsonObject, (target, patch) => {
      const [targetText, patchText] = [JSON.stringify(target), JSON.stringify(patch)]
      deepStrictEqual(mergePatch(target, patch), asTheRfcWritesIt(target, patch))
      expect([JSON.stringify(target), JSON.stringify(patch)]).toStrictEqual([targetText, patchText])
    }),
  ))

test('patching twice with the same patch is patching once', () =>
  fc.assert(
    fc.property(jsonObject, jsonObject, (target, patch) => {
      const once = mergePatch(target, patch)
      deepStrictEqual(mergePatch(once, patch), once)
    }),
  ))
