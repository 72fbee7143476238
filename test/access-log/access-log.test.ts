import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type AccessLog, openAccessLog } from '../../src/access-log/access-log.ts'
import type { RequestFields } from '../../src/access-log/line.ts'
import { readSeals, sealHead } from '../../src/access-log/seal.ts'
import { type SealedHead, verifyAccessLog } from '../../src/access-log/verify.ts'
import { openStore, testDirectory } from '../support/stores.ts'

const FIELDS: RequestFields = {
  principal: null,
  credential: null,
  method: 'GET',
  route: '/runs',
  run_id: null,
  query: null,
  status: 200,
  problem: null,
  rows: 1,
  bytes: 2,
  position: null,
  request_id: 'r',
}

const request = (request_id: string) => ({ kind: 'request' as const, ...FIELDS, request_id })

type Said = { troubles: (string | null)[]; dropped: number }

const open = (directory: string, now?: () => number, said: Said = { troubles: [], dropped: 0 }): AccessLog => {
  const opened = openAccessLog(directory, {
    version: '1',
    onTrouble: (why) => void said.troubles.push(why),
    onDropped: (lines) => {
      said.dropped += lines
    },
    ...(now === undefined ? undefined : { now }),
  })
  if (opened._tag === 'Left') throw new Error(opened.left)
  onTestFinished(opened.right.close)
  return opened.right
}

const DAY = Date.UTC(2026, 4, 4, 12)
const FILE = 'process-1/2026-05-04.ndjson'
const textOf = (directory: string, file = FILE) => readFileSync(join(directory, file), 'utf8')
const linesOf = (directory: string, file = FILE) => textOf(directory, file).trimEnd().split('\n')
const write = (directory: string, lines: readonly string[], file = FILE) =>
  writeFileSync(join(directory, file), `${lines.join('\n')}\n`)

/** A log of one process: its start and these requests. */
const written = async (...ids: readonly string[]) => {
  const directory = testDirectory()
  const log = open(directory, () => DAY)
  for (const id of ids) log.write(request(id))
  await log.close()
  return directory
}

test('each line holds the hash of the one before it, also across restarts', async () => {
  const directory = await written('a', 'b')
  const again = open(directory, () => DAY)
  again.write(request('c'))
  await again.close()
  const lines = linesOf(directory).map((line) => JSON.parse(line))
  expect(lines.map(({ kind, line }) => [kind, line])).toEqual([
    ['start', 1],
    ['request', 2],
    ['request', 3],
    ['start', 4],
    ['request', 5],
  ])
  expect(lines[0].previous).toBeNull()
  expect(lines[3].log_id).toBe(lines[0].log_id)
  expect(await verifyAccessLog(directory)).toMatchObject({ folders: 1, lines: 5, torn: 0, findings: [] })
})

test('a new day has a new file, and the chain goes on', async () => {
  const directory = testDirectory()
  let now = DAY
  const log = open(directory, () => now)
  log.write(request('a'))
  now += 24 * 60 * 60 * 1000
  log.write(request('b'))
  await log.close()
  expect(readdirSync(join(directory, 'process-1')).filter((name) => name.endsWith('.ndjson'))).toEqual([
    '2026-05-04.ndjson',
    '2026-05-05.ndjson',
  ])
  expect(await verifyAccessLog(directory)).toMatchObject({ lines: 3, findings: [] })
})

test('two processes write to two folders', async () => {
  const directory = testDirectory()
  const [one, other] = [open(directory), open(directory)]
  one.write(request('a'))
  other.write(request('b'))
  await Promise.all([one.close(), other.close()])
  expect(readdirSync(directory).sort()).toEqual(['process-1', 'process-2'])
  expect(await verifyAccessLog(directory)).toMatchObject({ folders: 2, lines: 4, findings: [] })
})

test('a line that a killed process left unfinished stays as it is, and the chain goes on over it', async () => {
  const directory = await written('a')
  appendFileSync(join(directory, FILE), '{"time":"2026-05-04T12:0é'.slice(0, -1))
  const torn = linesOf(directory).at(-1)
  const again = open(directory, () => DAY)
  await again.close()
  const lines = linesOf(directory)
  expect(lines.at(-2)).toBe(torn)
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'start', torn: true, line: 4 })
  expect(await verifyAccessLog(directory)).toMatchObject({ torn: 1, findings: [] })
})

test('any flipped bit of a line is found at it or at the next one', async () => {
  const directory = await written('a', 'b')
  const bytes = readFileSync(join(directory, FILE))
  const second = bytes.indexOf('\n') + 1
  const third = bytes.indexOf('\n', second) + 1
  for (let at = 0; at < third; at += 1) {
    const flipped = Buffer.from(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ 1
    writeFileSync(join(directory, FILE), flipped)
    expect((await verifyAccessLog(directory)).findings.length, `byte ${at}`).toBeGreaterThan(0)
  }
})

test('a missing line and an inserted one are found, and where', async () => {
  const directory = await written('a', 'b', 'c')
  const lines = linesOf(directory)
  write(directory, lines.toSpliced(2, 1))
  expect((await verifyAccessLog(directory)).findings).toMatchObject([{ file: FILE, line: 3 }])
  write(directory, lines.toSpliced(2, 0, lines[1] ?? ''))
  expect((await verifyAccessLog(directory)).findings).toMatchObject([{ file: FILE, line: 3 }])
  write(directory, lines.toSpliced(2, 0, '{"kind":"request"}'))
  expect((await verifyAccessLog(directory)).findings).toMatchObject([
    { file: FILE, line: 4 },
    { file: FILE, line: 3 },
  ])
  write(directory, lines.slice(1))
  expect((await verifyAccessLog(directory)).findings).toMatchObject([{ file: FILE, line: 1 }])
})

/** The seals of a ledger after `log` was sealed. */
const sealed = async (directory: string): Promise<readonly SealedHead[]> => {
  const store = await openStore(testDirectory(), 'write')
  const log = open(directory, () => DAY)
  log.write(request('last'))
  expect(await log.writeSynced(request('sealed'))).toMatchObject({ _tag: 'Right' })
  expect(await sealHead(store.access, log.log_id, log.head())()).toMatchObject({ _tag: 'Right' })
  log.write(request('later'))
  await log.close()
  const seals = await readSeals(store.access)()
  if (seals._tag === 'Left') throw new Error(JSON.stringify(seals.left))
  return seals.right
}

test('a seal is found again in a whole log', async () => {
  const directory = testDirectory()
  const seals = await sealed(directory)
  expect(seals).toHaveLength(1)
  expect(await verifyAccessLog(directory, seals)).toMatchObject({ seals: 1, findings: [] })
})

test('a log whose end was cut off, or that was made anew, is found by the seal alone', async () => {
  const directory = testDirectory()
  const seals = await sealed(directory)
  write(directory, linesOf(directory).slice(0, -2))
  expect((await verifyAccessLog(directory)).findings).toEqual([])
  expect((await verifyAccessLog(directory, seals)).findings).toMatchObject([{ line: null, detail: /made again/ }])
  const anew = await written('last', 'sealed', 'later')
  expect((await verifyAccessLog(anew)).findings).toEqual([])
  expect((await verifyAccessLog(anew, seals)).findings).toHaveLength(1)
})

test('days that ended with a sealed line may be removed', async () => {
  const directory = testDirectory()
  const seals: SealedHead[] = []
  let now = DAY
  const log = open(directory, () => now)
  log.onDayEnd(({ lines, hash }) => {
    seals.push({ log_id: log.log_id, lines, hash: hash ?? '', sealed_at: '2026-05-05T00:00:00.000Z' })
  })
  await log.writeSynced(request('a'))
  now += 24 * 60 * 60 * 1000
  await log.writeSynced(request('b'))
  await log.close()
  rmSync(join(directory, FILE))
  expect((await verifyAccessLog(directory)).findings).toHaveLength(1)
  expect((await verifyAccessLog(directory, seals)).findings).toEqual([])
})

test('while nothing can be written, synced lines fail and the others wait; then all of them are written, in order', async () => {
  const directory = testDirectory()
  const file = join(directory, FILE)
  mkdirSync(join(directory, 'process-1'), { recursive: true })
  symlinkSync('/dev/full', file)
  const said: Said = { troubles: [], dropped: 0 }
  const log = open(directory, () => DAY, said)
  log.write(request('a'))
  expect(await log.writeSynced(request('b'))).toEqual({ _tag: 'Left', left: 'ENOSPC' })
  expect(log.isFailing()).toBe(true)
  expect(said.troubles).toEqual(['ENOSPC'])
  rmSync(file)
  await expect.poll(() => log.isFailing(), { timeout: 60_000 }).toBe(false)
  expect(said).toEqual({ troubles: ['ENOSPC', null], dropped: 0 })
  expect(await log.writeSynced(request('c'))).toMatchObject({ _tag: 'Right' })
  await log.close()
  expect(linesOf(directory).map((line) => JSON.parse(line).request_id)).toEqual([undefined, 'a', 'b', 'c'])
  expect((await verifyAccessLog(directory)).findings).toEqual([])
})

test('lines beyond what may wait are dropped, counted, and said in a line of the chain', async () => {
  const directory = testDirectory()
  const file = join(directory, FILE)
  mkdirSync(join(directory, 'process-1'), { recursive: true })
  symlinkSync('/dev/full', file)
  const said: Said = { troubles: [], dropped: 0 }
  const log = open(directory, () => DAY, said)
  const long = 'x'.repeat(100_000)
  for (let line = 0; line < 200; line += 1) log.write(request(long))
  expect(said.dropped).toBeGreaterThan(50)
  rmSync(file)
  await expect.poll(() => linesOf(directory).length, { timeout: 60_000 }).toBeGreaterThan(50)
  log.write(request('after'))
  await log.close()
  const report = await verifyAccessLog(directory)
  expect(report).toMatchObject({ dropped: said.dropped, findings: [] })
  expect(linesOf(directory).length).toBe(1 + 200 - said.dropped + 2)
})

test('a file that was moved away is opened by its name again, and the chain goes on', async () => {
  const directory = testDirectory()
  const log = open(directory, () => DAY)
  await log.writeSynced(request('a'))
  const [moved, current] = [join(directory, 'process-1/2026-05-03.ndjson'), join(directory, FILE)]
  writeFileSync(moved, readFileSync(current))
  rmSync(current)
  await log.reopen()
  await log.writeSynced(request('b'))
  await log.close()
  expect(linesOf(directory).length).toBe(2)
  expect(await verifyAccessLog(directory)).toMatchObject({ lines: 4, findings: [] })
})
