/** The log's file: durable, append-only, and refused where it is not whole. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openLogFile } from '../../../src/event-store/embedded/log-file.ts'
import { openEventStore } from '../../../src/event-store/open.ts'
import { openStore, testDirectory } from '../../support/stores.ts'
import { eventsAfter, leftOf, newEvent, newEvents, rightOf } from '../place.ts'

const openAt = (path: string, access: 'read' | 'write') =>
  openEventStore({ kind: 'embedded', path, prefix: 'run-' }, access)()

/** A log of 200 events, closed. */
const someLog = async (): Promise<string> => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const data = JSON.stringify('x'.repeat(2000))
  for (let n = 0; n < 20; n += 1)
    rightOf(
      await store.append(
        `s${n}`,
        'no_stream',
        newEvents(10).map((event) => ({ ...event, data })),
      )(),
    )
  await store.close()
  return join(directory, 'events.db')
}

const alter = (path: string, sql: string) => {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

test('COMMIT waits for the disk: synchronous is FULL, in WAL mode', () => {
  const database = rightOf(openLogFile(join(testDirectory(), 'events.db'), 'write'))
  expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  database.close()
})

test('a stored event can be neither changed nor removed', async () => {
  const path = await someLog()
  const database = new DatabaseSync(path)
  expect(() => database.exec("UPDATE events SET data = '{}' WHERE position = 3")).toThrow('append-only')
  expect(() => database.exec('DELETE FROM events')).toThrow('append-only')
  database.close()
  expect(await eventsAfter(rightOf(await openAt(path, 'read')))).toHaveLength(200)
})

test('writing makes what is missing, reading makes nothing', async () => {
  const directory = testDirectory()
  const path = join(directory, 'not', 'yet', 'events.db')
  expect(leftOf(await openAt(path, 'read'))).toEqual({ _tag: 'StoreMissing', path })
  expect(readdirSync(directory)).toEqual([])
  const store = rightOf(await openAt(path, 'write'))
  await store.close()
  expect(await eventsAfter(rightOf(await openAt(path, 'read')))).toEqual([])
})

test('what a writer left half made when it was killed is made again', async () => {
  const directory = testDirectory()
  writeFileSync(join(directory, 'events.db.new'), 'half')
  writeFileSync(join(directory, 'events.db.new-journal'), 'half')
  const store = await openStore(directory)
  rightOf(await store.append('a', 'no_stream', newEvents(1))())
  expect(readdirSync(directory).filter((name) => name.includes('.new'))).toEqual([])
})

test('closing leaves the whole log in one file, also while another reads it', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const reader = await openStore(directory, 'read')
  rightOf(await store.append('a', 'no_stream', newEvents(3))())
  expect(await eventsAfter(reader)).toHaveLength(3)
  await store.close()
  copyFileSync(join(directory, 'events.db'), join(directory, 'copy.db'))
  expect(await eventsAfter(rightOf(await openAt(join(directory, 'copy.db'), 'read')))).toHaveLength(3)
})

describe('a file that is no whole log is refused and left as it was', () => {
  const cases: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ['an empty one', (path) => truncateSync(path, 0), /no log/],
    ['one that is no database', (path) => writeFileSync(path, 'hello, world\n'.repeat(1000)), /not a database/],
    ['one with a broken first page', (path) => overwrite(path, 0, 100), /not a database/],
    ['a truncated one', (path) => truncateSync(path, 100_000), /malformed/],
    ['one cut inside its first page', (path) => truncateSync(path, 300), /malformed|not a database/],
    ["another program's database", (path) => alter(path, 'PRAGMA application_id = 7'), /no log/],
    ["a newer program's log", (path) => alter(path, 'PRAGMA user_version = 2'), /newer/],
    ['one without its table', (path) => alter(path, 'DROP TABLE events'), /no such table/],
  ]
  test.each(cases)('%s', async (_what, harm, detail) => {
    const path = await someLog()
    harm(path)
    const before = readFileSync(path)
    for (const access of ['read', 'write'] as const)
      expect(leftOf(await openAt(path, access))).toEqual({
        _tag: 'StoreDamaged',
        path,
        detail: expect.stringMatching(new RegExp(`(${detail.source}).*nothing was changed: restore`)),
      })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('one whose pages are broken inside, before it is written to', async () => {
    const path = await someLog()
    overwrite(path, 40 * 4096, 20 * 4096)
    const before = readFileSync(path)
    expect(leftOf(await openAt(path, 'write'))).toMatchObject({ _tag: 'StoreDamaged' })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('a write-ahead log without its log', async () => {
    const path = join(testDirectory(), 'events.db')
    writeFileSync(`${path}-wal`, 'what was committed last')
    expect(leftOf(await openAt(path, 'write'))).toMatchObject({ _tag: 'StoreDamaged' })
    expect(existsSync(path)).toBe(false)
  })

  test('a refused file is locked no more', async () => {
    const path = await someLog()
    alter(path, 'PRAGMA user_version = 2')
    leftOf(await openAt(path, 'write'))
    alter(path, 'PRAGMA user_version = 1')
    await rightOf(await openAt(path, 'write')).close()
  })
})

test('a directory in its place is a failure, no exception', async () => {
  const path = join(testDirectory(), 'events.db')
  mkdirSync(path)
  for (const access of ['read', 'write'] as const)
    expect(leftOf(await openAt(path, access))).toMatchObject({ _tag: 'StoreUnavailable', outcome: 'not_stored' })
})

test('a file in the place of its directory is a failure, no exception', async () => {
  const file = join(testDirectory(), 'file')
  writeFileSync(file, '')
  expect(leftOf(await openAt(join(file, 'events.db'), 'write'))).toMatchObject({ _tag: 'StoreUnavailable' })
})

test('damage that is met while reading is a failure that says so', async () => {
  const path = await someLog()
  const store = rightOf(await openAt(path, 'read'))
  overwrite(path, 40 * 4096, readFileSync(path).length - 40 * 4096)
  const failure = { _tag: 'StoreUnavailable', outcome: 'not_stored', detail: expect.stringMatching(/damaged.*backup/) }
  const pages = await Promise.all(
    Array.from({ length: 20 }, (_, n) => store.readStream(`s${n}`, { from: 0, direction: 'forward', limit: 10 })()),
  )
  expect(pages.filter(({ _tag }) => _tag === 'Left').map(leftOf)).toContainEqual(failure)
  await expect(eventsAfter(store)).rejects.toThrow(/damaged.*backup/)
  await store.close()
})

test('damage that is met while appending is a failure, and what waits is answered', async () => {
  const path = await someLog()
  const store = rightOf(await openAt(path, 'write'))
  overwrite(path, 2 * 4096, readFileSync(path).length - 2 * 4096)
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => store.append(`s${n}`, 9, [newEvent()])()))
  for (const answer of answers)
    expect(leftOf(answer)).toMatchObject({ _tag: 'StoreUnavailable', outcome: 'not_stored' })
  await store.close()
})

/** Puts `length` bytes of rubbish over the file, as a failing disk would. */
const overwrite = (path: string, start: number, length: number) => {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, start, start + length)
  writeFileSync(path, bytes, { flag: 'r+' })
}

test('a log with two names is not written, and is read by both', async () => {
  const path = await someLog()
  const other = join(testDirectory(), 'other.db')
  linkSync(path, other)
  for (const name of [path, other]) {
    expect(leftOf(await openAt(name, 'write'))).toEqual({
      _tag: 'StoreRefused',
      detail: expect.stringContaining('2 names'),
    })
    expect(await eventsAfter(rightOf(await openAt(name, 'read')))).toHaveLength(200)
  }
  rmSync(other)
  await rightOf(await openAt(path, 'write')).close()
})

test('a log that came without a write-ahead log gets one when it is written', async () => {
  const path = await someLog()
  alter(path, 'PRAGMA journal_mode = DELETE')
  const store = rightOf(await openAt(path, 'write'))
  rightOf(await store.append('new', 'no_stream', newEvents(1))())
  expect(existsSync(`${path}-wal`)).toBe(true)
  await store.close()
})

describe('in a directory that cannot be written to', () => {
  /** A child of another user than the one whose directory it is, where this is the user who may do all. */
  const readBy = (path: string) => {
    chmodSync(path, 0o444)
    chmodSync(dirname(path), 0o555)
    onTestFinished(() => chmodSync(dirname(path), 0o755))
    const ids = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const script = fileURLToPath(new URL('../../support/processes/count-events.ts', import.meta.url))
    return execFileSync(process.execPath, [script, path], { ...ids, encoding: 'utf8' })
  }

  test('a log is read, whether a writer left it in WAL mode or a backup without', async () => {
    for (const mode of ['WAL', 'DELETE']) {
      const path = await someLog()
      alter(path, `PRAGMA journal_mode = ${mode}`)
      expect(readBy(path)).toBe('200\n')
      expect(readdirSync(dirname(path)).filter((name) => /-(wal|shm)$/.test(name))).toEqual([])
    }
  })

  test('one whose last events are in the write-ahead log alone is refused, with what to do', async () => {
    const directory = testDirectory()
    const store = await openStore(directory)
    rightOf(await store.append('a', 'no_stream', newEvents(3))())
    const killed = testDirectory()
    for (const name of ['events.db', 'events.db-wal']) copyFileSync(join(directory, name), join(killed, name))
    chmodSync(join(killed, 'events.db-wal'), 0o444)
    expect(readBy(join(killed, 'events.db'))).toMatch(/-wal.*copy both/)
  })
})
