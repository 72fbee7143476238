import { expect, test } from 'vitest'
import { checkPostgresUrl, placeOf } from '../../../src/read-model/postgres/address.ts'

test('a URL that cannot be used says what to change, and nothing of its password', () => {
  const refused = (text: string) => {
    const checked = checkPostgresUrl(text)
    if (checked._tag === 'Right') throw new Error('it was taken')
    expect(checked.left.detail).not.toContain('secret')
    return checked.left.detail
  }
  expect(refused('postgres://me:secret@host')).toBe('must be postgres://USER@HOST/DATABASE: it names no database')
  expect(refused('mysql://me:secret@host/db')).toBe('must be postgres://USER@HOST/DATABASE')
  expect(refused('postgres://me:secret@host:x/db')).toBe('must be postgres://USER@HOST/DATABASE')
  expect(refused('postgres://me:secret@host/db?sslmode=prefer')).toContain('disable, require, verify-ca, verify-full')
  expect(refused('postgres://me:secret@host/db?sslmode=verify-full&sslrootcert=/missing')).toContain('/missing')
  expect(refused('postgres://me:secret@host/db?sslmode=verify-ca')).toContain('sslrootcert')
  expect(checkPostgresUrl('postgresql://me:secret@host/db?sslmode=require')._tag).toBe('Right')
  expect(placeOf('postgres://me:secret@host:5433/db?password=secret')).toBe('postgres://host:5433/db')
})
