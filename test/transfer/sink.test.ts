import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Export, ExportFault } from '../../src/transfer/export.ts'
import { type ManifestOf, manifestFault } from '../../src/transfer/manifest.ts'
import { writeExport } from '../../src/transfer/sink.ts'
import { testDirectory } from '../support/stores.ts'

const counts = { runs: 1, events: 1, first_position: '1', last_position: '1' }

const exportOf = (text: string, fault: ExportFault | null = null): Export => ({
  pieces: (async function* () {
    yield* text.match(/.{1,40000}/gs) ?? []
  })(),
  fault: () => fault,
  counts: () => counts,
})

const manifestOf: ManifestOf = (place, written) => ({
  file: place.slice(place.lastIndexOf('/') + 1),
  format: 'ledger',
  ...counts,
  ...written,
  made_at: '2026-11-01T00:00:00.000Z',
  ledger: null,
  filters: {},
  version: '0.0.0',
})

const write = (path: string, text: string, fault?: ExportFault) =>
  writeExport(path, exportOf(text, fault), manifestOf)()
const manifestOfFile = (path: string) => JSON.parse(readFileSync(`${path}.manifest.json`, 'utf8'))

test('a file is replaced whole, with its manifest, and nothing else is left beside it', async () => {
  const directory = testDirectory()
  const path = join(directory, 'out')
  await write(path, 'first')
  expect(await write(path, 'second')).toMatchObject({ right: { bytes: 6 } })
  expect(readFileSync(path, 'utf8')).toBe('second')
  expect(manifestOfFile(path)).toMatchObject({ file: 'out', bytes: 6 })
  expect(readdirSync(directory).toSorted()).toEqual(['out', 'out.manifest.json'])
})

test('an export that fails leaves what stood there, with its manifest', async () => {
  const directory = testDirectory()
  const path = join(directory, 'out')
  await write(path, 'first')
  const fault = { _tag: 'Unreadable', detail: 'the disk is gone' } as const
  expect(await write(path, 'second', fault)).toEqual({ _tag: 'Left', left: fault })
  expect(readFileSync(path, 'utf8')).toBe('first')
  expect(await manifestFault(path)).toBeNull()
  expect(readdirSync(directory).toSorted()).toEqual(['out', 'out.manifest.json'])
})

test('of many exports to one file at once one wins whole, and the manifest is its own', async () => {
  const path = join(testDirectory(), 'out')
  for (let round = 0; round < 5; round += 1) {
    const texts = Array.from({ length: 8 }, (_, n) => `${n}`.repeat(100_000 + 1_000 * n))
    const written = await Promise.all(texts.map((text) => write(path, text)))
    expect(written.map(({ _tag }) => _tag)).toEqual(texts.map(() => 'Right'))
    const text = readFileSync(path, 'utf8')
    expect(texts).toContain(text)
    expect(manifestOfFile(path).sha256).toBe(createHash('sha256').update(text).digest('hex'))
  }
})

describe('links', () => {
  test('an output that is one is written through: the link stays, and the file that it leads to is replaced', async () => {
    const directory = testDirectory()
    const [link, file] = [join(directory, 'latest'), join(directory, 'store', 'file')]
    mkdirSync(join(directory, 'store'))
    symlinkSync('store/file', link)
    // At first it leads to nothing.
    for (const text of ['first', 'second']) {
      expect(await write(link, text)).toMatchObject({ _tag: 'Right' })
      expect(readlinkSync(link)).toBe('store/file')
      expect(readFileSync(file, 'utf8')).toBe(text)
      expect(manifestOfFile(file)).toMatchObject({ file: 'file' })
      expect(await manifestFault(link)).toBeNull()
    }
  })

  test('none that is planted beside the output is followed', async () => {
    const directory = testDirectory()
    const [path, victim] = [join(directory, 'out'), join(directory, 'victim')]
    writeFileSync(victim, 'precious')
    for (const name of ['out.part', 'out.manifest.json', 'out.manifest.json.part'])
      symlinkSync(victim, join(directory, name))
    expect(await write(path, 'text')).toMatchObject({ _tag: 'Right' })
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(readFileSync(path, 'utf8')).toBe('text')
    expect(lstatSync(`${path}.manifest.json`).isFile()).toBe(true)
  })
})

test('a FIFO gets the bytes as they come, stays, and has no manifest', async () => {
  const directory = testDirectory()
  const path = join(directory, 'fifo')
  execFileSync('sh', ['-c', 'mkfifo "$0"', path])
  const text = 'x'.repeat(300_000)
  const [written, read] = await Promise.all([write(path, text), readFile(path, 'utf8')])
  expect(written).toMatchObject({ right: { bytes: text.length } })
  expect(read).toBe(text)
  expect(lstatSync(path).isFIFO()).toBe(true)
  expect(readdirSync(directory)).toEqual(['fifo'])
})

test('a device is written to, and one that takes nothing is a failure that says so', async () => {
  expect(await write('/dev/null', 'text')).toMatchObject({ right: { bytes: 4 } })
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  expect(await write('/dev/full', 'text')).toMatchObject({
    left: { _tag: 'Unwritable', detail: '/dev/full cannot be written (ENOSPC)' },
  })
})

test('a directory, and a place in none, are refused before anything is read', async () => {
  const directory = testDirectory()
  let read = 0
  const made: Export = {
    ...exportOf(''),
    pieces: (async function* () {
      read += 1
      yield ''
    })(),
  }
  const refused = async (path: string) => writeExport(path, made, manifestOf)()
  expect(await refused(directory)).toMatchObject({ left: { detail: `${directory} cannot be written (EISDIR)` } })
  const nowhere = join(directory, 'no', 'out')
  expect(await refused(nowhere)).toMatchObject({ left: { detail: `${nowhere} cannot be written (ENOENT)` } })
  expect(read).toBe(0)
})
