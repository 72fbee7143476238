import fc from 'fast-check'
import { none, some } from 'fp-ts/lib/Option.js'
import { expect, test } from 'vitest'
import { cursorOf, EntryCursorKey, RevisionCursorKey, RunCursorKey, readCursor } from '../../src/api/cursors.ts'

const query = { sort: 'created_at', status: ['A', 'B'], metadata: { k: 'v', l: 'w' }, result: undefined }
const key = { value: '2026-01-01T00:00:00.000Z', run_id: 'run-1' }

test('a cursor is read back for its query, whatever the order of its filters', () => {
  const cursor = cursorOf(query, key)
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
  expect(readCursor(RunCursorKey, query, cursor)).toEqual(some(key))
  expect(
    readCursor(RunCursorKey, { metadata: { k: 'v', l: 'w' }, status: ['B', 'A'], sort: 'created_at' }, cursor),
  ).toEqual(some(key))
})

test.each([
  { ...query, sort: '-created_at' },
  { ...query, status: ['A'] },
  { ...query, status: ['A', 'B', 'C'] },
  { ...query, metadata: { k: 'w', l: 'v' } },
  { ...query, result: ['x'] },
  {},
])('a cursor is none for another query: %j', (other) => {
  expect(readCursor(RunCursorKey, other, cursorOf(query, key))).toEqual(none)
})

test('a cursor that was tampered with is none, or points at a place of the same form', () => {
  const made = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url')
  const [version, digest] = JSON.parse(Buffer.from(cursorOf(query, key), 'base64url').toString())
  for (const parts of [
    [2, digest, key],
    [version, digest, { ...key, value: '2026' }],
    [version, digest, { ...key, value: '2026-01-01T00:00:00Z' }],
    [version, digest, { ...key, run_id: "'; DROP TABLE runs" }],
    [version, digest, { ...key, more: 1 }],
    [version, digest],
    { version },
  ])
    expect(readCursor(RunCursorKey, query, made(parts))).toEqual(none)
})

test('a cursor of Entries whose position or time was tampered with is none', () => {
  const made = (held: unknown) => {
    const [version, digest] = JSON.parse(Buffer.from(cursorOf(query, key), 'base64url').toString())
    return Buffer.from(JSON.stringify([version, digest, held])).toString('base64url')
  }
  const entry = { value: '2026-01-01T00:00:00.000Z', position: '00000000000000000007' }
  expect(readCursor(EntryCursorKey, query, made(entry))).toEqual(some(entry))
  for (const held of [
    { ...entry, position: 7 },
    { ...entry, position: '7' },
    { ...entry, position: '0000000000000000000x' },
    { ...entry, position: '000000000000000000007' },
    { ...entry, position: '00000000000000000007; DROP TABLE entries' },
    { ...entry, position: null },
    { position: entry.position },
    { value: entry.value },
    { ...entry, value: 7 },
    { ...entry, value: `${entry.value}0` },
  ])
    expect(readCursor(EntryCursorKey, query, made(held))).toEqual(none)
})

test('whatever text is no cursor is none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(readCursor(RunCursorKey, query, text)).toEqual(none)
    }),
  )
})

test('a cursor of one kind of list is none of another', () => {
  const entry = { value: '', position: '0'.repeat(20) }
  expect(readCursor(EntryCursorKey, query, cursorOf(query, entry))).toEqual(some(entry))
  expect(readCursor(RunCursorKey, query, cursorOf(query, entry))).toEqual(none)
  expect(readCursor(RevisionCursorKey, query, cursorOf(query, { revision: 3 }))).toEqual(some({ revision: 3 }))
  expect(readCursor(EntryCursorKey, query, cursorOf(query, { revision: 3 }))).toEqual(none)
})
