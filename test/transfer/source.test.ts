import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSource } from '../../src/transfer/source.ts'
import { testDirectory } from '../support/stores.ts'

const fileOf = (bytes: string | Buffer): string => {
  const path = join(testDirectory(), 'input')
  writeFileSync(path, bytes)
  return path
}

/** All that the file at `path` gives, and the fault that ended it. */
const readAll = async (path: string) => {
  const opened = await openSource(path)()
  if (opened._tag === 'Left') return opened.left
  const chunks: Buffer[] = []
  for await (const chunk of opened.right.chunks) chunks.push(chunk)
  return { text: Buffer.concat(chunks).toString(), fault: opened.right.fault(), read: opened.right.read() }
}

const TEXT = 'line\n'.repeat(200_000)

/** What does not pack well. */
const noise = (length: number): Buffer => randomBytes(length)

test('a plain file is read as it is', async () =>
  expect(await readAll(fileOf(TEXT))).toEqual({ text: TEXT, fault: null, read: TEXT.length }))

test('a gzip file is unpacked, whatever its name', async () => {
  const packed = gzipSync(TEXT)
  expect(await readAll(fileOf(packed))).toEqual({ text: TEXT, fault: null, read: packed.length })
})

test('gzip files one after another are one file', async () =>
  expect(await readAll(fileOf(Buffer.concat([gzipSync('a\n'), gzipSync('b\n')])))).toMatchObject({
    text: 'a\nb\n',
    fault: null,
  }))

describe('zero bytes after gzip data', () => {
  // Longer than what is read and unpacked at once, and not.
  const padded = (zeros: number, rest: Buffer, text = TEXT) =>
    fileOf(Buffer.concat([gzipSync(text), Buffer.alloc(zeros), rest]))

  test.each([1, 511, 300_000])('may pad the end: %d', async (zeros) =>
    expect(await readAll(padded(zeros, Buffer.alloc(0)))).toMatchObject({ text: TEXT, fault: null }),
  )

  test.each([1, 511, 300_000])('may not stand between two files: %d', async (zeros) => {
    const fault = 'the gzip data is damaged: other data follow its end'
    for (const rest of [gzipSync('lost\n'), Buffer.from('lost'), gzipSync(noise(400_000))]) {
      expect(await readAll(padded(zeros, rest))).toMatchObject({ text: TEXT, fault })
      expect(await readAll(padded(zeros, rest, 'a\n'))).toMatchObject({ text: 'a\n', fault })
    }
  })
})

test('what is no gzip after gzip data is damage', async () =>
  expect(await readAll(fileOf(Buffer.concat([gzipSync('a\n'), Buffer.from('more')])))).toMatchObject({
    fault: 'the gzip data is damaged',
  }))

test.each(['', '{', '\x1f'])('a file of hardly any bytes is plain: %j', async (text) =>
  expect(await readAll(fileOf(text))).toMatchObject({ text, fault: null }),
)

test('a gzip file that was cut gives what is whole and says so', async () => {
  const packed = gzipSync(Array.from({ length: 50_000 }, (_, n) => `line ${n * 7919}\n`).join(''))
  const { text, fault } = (await readAll(fileOf(packed.subarray(0, packed.length - 100)))) as Awaited<
    ReturnType<typeof readAll>
  > & { text: string; fault: string }
  expect(text.startsWith('line 0\nline 7919\n')).toBe(true)
  expect(fault).toBe('the gzip data is cut short')
})

test('a gzip file with damage inside says so', async () => {
  const packed = gzipSync(TEXT)
  packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 50)
  expect(await readAll(fileOf(packed))).toMatchObject({ fault: 'the gzip data is damaged' })
})

test('what is not there, and what is a directory, is refused with the reason', async () => {
  const directory = testDirectory()
  expect(await readAll(join(directory, 'none'))).toEqual({
    _tag: 'SourceMissing',
    detail: `${join(directory, 'none')} cannot be opened (ENOENT)`,
  })
  expect(await readAll(directory)).toEqual({ _tag: 'SourceMissing', detail: `${directory} is a directory` })
})
