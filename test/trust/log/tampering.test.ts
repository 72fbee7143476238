/** Whatever is changed in a log, and in its tree with it, is found against a checkpoint from before, and the first event is named. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startBuilder } from '../../../src/trust/builder/start-builder.ts'
import { parseCheckpoint } from '../../../src/trust/formats/checkpoint.ts'
import { checkLog, type LogCheck, type LogFault } from '../../../src/trust/log/check-log.ts'
import { openTreeFile } from '../../../src/trust/sqlite/tree-file.ts'
import { rightOf } from '../../event-store/place.ts'
import { DROP_GUARDS, logPath, treePath } from '../../support/ledger-on-disk.ts'
import { fileOf, loanLines } from '../../support/loans.ts'
import { startProgramWith } from '../../support/processes/program.ts'
import { openStore, testDirectory } from '../../support/stores.ts'
import { signingIn } from '../../support/trust/signing.ts'

// 10,000 by RUN_LEDGER_TAMPERINGS, as the goal says.
const CHANGES = Number(process.env['RUN_LEDGER_TAMPERINGS'] ?? 200)
const RUNS = 70
const EVENTS = 4 * RUNS
const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

let directory: string
/** What an auditor has stored: a checkpoint, and a backup of the tree. */
let note: string
let backup: string

/** A signed ledger, which each test gets a copy of. */
const signed = mkdtempSync(join(tmpdir(), 'run-ledger-signed-'))
afterAll(() => rmSync(signed, { recursive: true }))

beforeAll(async () => {
  execFileSync(process.execPath, [MAIN, 'import', '-', '--data', signed], { input: fileOf(loanLines(RUNS)) })
  await sign(signed)
})

beforeEach(() => {
  directory = testDirectory()
  cpSync(signed, directory, { recursive: true })
  note = checkpointOf()
  backup = join(directory, 'backup.tree.db')
  copyFileSync(treePath(directory), backup)
  new DatabaseSync(logPath(directory)).exec(DROP_GUARDS)
})

/** Builds the tree, and signs it. */
const sign = async (directory: string): Promise<void> => {
  const { signing } = await signingIn(directory)
  const eventStore = { kind: 'embedded', path: logPath(directory), prefix: 'run-' } as const
  const builder = rightOf(await startBuilder({ eventStore, path: treePath(directory), signing }, () => undefined)())
  await vi.waitUntil(() => builder.state().signed === EVENTS, { timeout: 60_000, interval: 20 })
  await builder.stop()
}

const checkpointOf = (): string => {
  const tree = rightOf(openTreeFile(treePath(directory), 'read'))
  try {
    return tree.newestCheckpoint()?.note ?? ''
  } finally {
    tree.close()
  }
}

const check = async (tiles: string | null): Promise<LogCheck> => {
  const store = await openStore(directory, 'read')
  const tree = tiles === null ? null : rightOf(openTreeFile(tiles, 'read'))
  const checkpoint = rightOf(parseCheckpoint(note))
  const checked = rightOf(await checkLog({ store, checkpoint, tree, onProgress: () => undefined }))
  tree?.close()
  await store.close()
  return checked
}

const change = (...sql: readonly string[]): void => {
  const log = new DatabaseSync(logPath(directory))
  for (const each of sql) log.exec(each)
  log.close()
}

const streamAt = (position: number): string => {
  const log = new DatabaseSync(logPath(directory), { readOnly: true })
  const row = log.prepare('SELECT stream FROM events WHERE position = ?').get(position) as { stream: string }
  log.close()
  return row.stream.slice('run-'.length)
}

/** Every event from `position` on moves one place. */
const shift = (position: number, by: 1 | -1): string =>
  `UPDATE events SET position = -position WHERE position >= ${position};
   UPDATE events SET position = -position + ${by} WHERE position < 0`

type Tampering = Readonly<{ what: string; sql: readonly string[]; fault: Partial<LogFault>; at: number | null }>

const COLUMNS = 'stream, revision, event_id, type, recorded_at, data, metadata'
const swapped = `UPDATE events SET position = -1 WHERE position = 100;
  UPDATE events SET position = 100 WHERE position = 101; UPDATE events SET position = 101 WHERE position = -1`

const TAMPERINGS: readonly Tampering[] = [
  {
    what: 'a changed byte of the data, still JSON',
    sql: [`UPDATE events SET data = replace(data, '"occurred_at":"2026', '"occurred_at":"2025') WHERE position = 17`],
    fault: { kind: 'changed', index: 16 },
    at: 17,
  },
  {
    what: 'a changed byte of the metadata',
    sql: [`UPDATE events SET metadata = replace(metadata, '"via":"import"', '"via":"Import"') WHERE position = 75`],
    fault: { kind: 'changed', index: 74 },
    at: 75,
  },
  {
    what: 'a space that changes no JSON',
    sql: [`UPDATE events SET data = data || ' ' WHERE position = 50`],
    fault: { kind: 'changed', index: 49 },
    at: 50,
  },
  {
    what: 'a changed time of recording',
    sql: [`UPDATE events SET recorded_at = '2020-01-01T00:00:00.000Z' WHERE position = 200`],
    fault: { kind: 'changed', index: 199 },
    at: 200,
  },
  {
    what: 'a removed event',
    sql: ['DELETE FROM events WHERE position = 150'],
    fault: { kind: 'missing', index: 149, missing: 1 },
    at: 149,
  },
  {
    what: 'a removed event whose place was closed',
    sql: ['DELETE FROM events WHERE position = 150', shift(151, -1)],
    fault: { kind: 'changed', index: 149 },
    at: 150,
  },
  {
    what: 'a doubled event',
    sql: [
      shift(91, 1),
      `INSERT INTO events (position, ${COLUMNS}) SELECT 91, stream, 90, 'a-new-id', type, recorded_at, data, metadata FROM events WHERE position = 90`,
    ],
    fault: { kind: 'changed', index: 90 },
    at: 91,
  },
  { what: 'two swapped events', sql: [swapped], fault: { kind: 'changed', index: 99 }, at: 100 },
  {
    what: 'a cut tail',
    sql: ['DELETE FROM events WHERE position > 270'],
    fault: { kind: 'missing', index: 270, missing: EVENTS - 270 },
    at: 270,
  },
  {
    what: 'an event put in at the beginning',
    sql: [
      shift(1, 1),
      `INSERT INTO events (position, ${COLUMNS}) SELECT 1, 'run-new', 0, 'a-new-id', type, recorded_at, data, metadata FROM events WHERE position = 2`,
    ],
    fault: { kind: 'changed', index: 0 },
    at: 1,
  },
]

describe('against a checkpoint that somebody else has', () => {
  test('an untouched log is as it was signed, and stays so as it grows', async () => {
    for (const tiles of [treePath(directory), backup, null])
      expect(await check(tiles)).toEqual({ events: EVENTS, withTiles: tiles !== null, fault: null })
    const input = fileOf(loanLines(5, 'later'))
    expect(await startProgramWith({ args: ['import', '-', '--data', directory], input }).ended).toMatchObject({
      status: 0,
    })
    expect((await check(backup)).fault).toBe(null)
  })

  test.for(TAMPERINGS)('$what is found, and its place is named', async ({ sql, fault, at }) => {
    change(...sql)
    const named = at === null ? null : streamAt(at)
    for (const tiles of [treePath(directory), backup]) {
      const found = (await check(tiles)).fault
      expect(found).toMatchObject(fault)
      if (found?.kind === 'changed') expect(found.event.stream).toBe(named)
      if (found?.kind === 'missing') expect(found.after?.stream).toBe(named)
    }
    expect((await check(null)).fault?.kind).toBe('another-root')
  })

  test('a history rewritten with all hashes made anew is found, and its first event named by a backup of the tree', async () => {
    change(`UPDATE events SET data = replace(data, '2026', '2025') WHERE position = 219`)
    for (const path of [treePath(directory), `${treePath(directory)}-wal`, `${treePath(directory)}-shm`])
      rmSync(path, { force: true })
    rmSync(join(directory, 'log.key.state'))
    await sign(directory)
    expect(checkpointOf()).not.toBe(note)
    expect((await check(treePath(directory))).fault).toEqual({ kind: 'another-tree' })
    expect((await check(null)).fault?.kind).toBe('another-root')
    expect((await check(backup)).fault).toMatchObject({ kind: 'changed', index: 218 })
  })

  test('each of many random changes of a stored byte is found', async () => {
    const log = new DatabaseSync(logPath(directory))
    const read = log.prepare(
      'SELECT CAST(data AS BLOB) AS data, CAST(metadata AS BLOB) AS metadata FROM events WHERE position = ?',
    )
    const write = {
      data: log.prepare('UPDATE events SET data = CAST(? AS TEXT) WHERE position = ?'),
      metadata: log.prepare('UPDATE events SET metadata = CAST(? AS TEXT) WHERE position = ?'),
    }
    for (let n = 0; n < CHANGES; n += 1) {
      const position = 1 + Math.floor(Math.random() * EVENTS)
      const column = n % 2 === 0 ? 'data' : 'metadata'
      const bytes = (read.get(position) as Record<typeof column, Uint8Array>)[column]
      const changed = Uint8Array.from(bytes)
      const at = Math.floor(Math.random() * bytes.length)
      changed[at] = ((bytes[at] ?? 0) + 1 + Math.floor(Math.random() * 255)) % 256
      write[column].run(changed, position)
      expect((await check(backup)).fault, `${column} of ${position}, byte ${at}`).toMatchObject({
        kind: 'changed',
        index: position - 1,
      })
      write[column].run(bytes, position)
    }
    log.close()
    expect((await check(backup)).fault).toBe(null)
  })
})

test('verify --checkpoint exits 1 and names the first event, 0 where nothing was changed, 2 where it is asked wrongly', async () => {
  const { vkey } = await signingIn(directory)
  const file = join(directory, 'old.checkpoint')
  writeFileSync(file, note)
  const verify = (...args: readonly string[]) =>
    startProgramWith({ args: ['verify', '--data', directory, '--checkpoint', file, ...args] }).ended
  expect(await verify('--key', vkey)).toMatchObject({ status: 0, stdout: expect.stringContaining('280 events') })
  expect(await verify('--key', 'nonsense')).toMatchObject({ status: 2 })
  const other = (await signingIn(testDirectory())).vkey
  expect(await verify('--key', other)).toMatchObject({ status: 1, stderr: expect.stringContaining('no key') })
  change(`UPDATE events SET data = data || ' ' WHERE position = 50`)
  const found = await verify('--tiles', backup)
  expect(found).toMatchObject({ status: 1, stderr: expect.stringContaining('was not checked') })
  expect(found.stdout).toContain(`${streamAt(50)} at revision `)
  expect(found.stdout).toContain('position 00000000000000000050) is not the event that was signed as number 50')
  expect(JSON.parse((await verify('--json')).stdout)).toMatchObject({
    size: EVENTS,
    fault: { kind: 'changed', index: 49 },
  })
  const bare = startProgramWith({ args: ['verify', '--data', directory, '--key', vkey] })
  expect(await bare.ended).toMatchObject({ status: 2 })
})

test('a restored backup of log and tree goes on, and one that is older than the last checkpoint is not signed', async () => {
  const [out, restored] = [join(directory, 'backup.db'), testDirectory()]
  const made = await startProgramWith({ args: ['backup', '--data', directory, '--out', out, '--json'] }).ended
  expect(JSON.parse(made.stdout)).toMatchObject({ events: EVENTS, tree: { file: `${out}.tree.db`, leaves: EVENTS } })
  cpSync(out, logPath(restored))
  cpSync(`${out}.tree.db`, treePath(restored))
  directory = restored
  expect((await check(treePath(restored))).fault).toBe(null)
})

test('a moved ledger has a log of its own, which names the last checkpoint of the old one', async () => {
  const [file, noteFile, moved] = [
    join(directory, 'ledger.ndjson'),
    join(directory, 'last.checkpoint'),
    testDirectory(),
  ]
  writeFileSync(noteFile, note)
  const run = (...args: readonly string[]) => startProgramWith({ args }).ended
  expect(await run('export', '--format', 'ledger', '--out', file, '--data', directory)).toMatchObject({ status: 0 })
  const args = ['import', '--ledger', file, '--data', moved, '--checkpoint', noteFile]
  // Once, however often it is said.
  for (const _ of [1, 2]) expect(await run(...args)).toMatchObject({ status: 0 })
  const log = new DatabaseSync(logPath(moved), { readOnly: true })
  const rows = log.prepare("SELECT type, data FROM events WHERE stream = '_access:run-'").all()
  log.close()
  expect(rows).toMatchObject([{ type: 'LedgerMoved' }])
  expect(JSON.parse(String(rows[0]?.['data']))).toMatchObject({ last_note: note })
  expect(await run('import', file, '--data', moved, '--checkpoint', noteFile)).toMatchObject({ status: 2 })
})
