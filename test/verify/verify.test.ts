import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { afterAll, describe, expect, test } from 'vitest'
import { storeFault } from '../../src/event-store/store-fault.ts'
import { openSnapshot } from '../../src/read-model/sqlite/snapshot.ts'
import { verify } from '../../src/verify/verify.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { DROP_GUARDS, logPath, openLedgerAt, readModelPath, tamper } from '../support/ledger-on-disk.ts'
import { misplaceInIndex } from '../support/log-damage.ts'
import { openStore, testDirectory } from '../support/stores.ts'

const history = (run: string) => [
  createRun(run, { run_group_id: 'monday', run_metadata: { channel: 'web', score: 700 } }),
  startRun(run),
  changeRun(run, 'IN_REVIEW', { run_metadata: { reviewer: 'bob' } }),
  completeRun(run),
]

let template: string | undefined

/** The directory of a ledger of three runs, which nobody has open: the first test makes it, the others get copies. */
const threeRuns = async (): Promise<string> => {
  const directory = testDirectory()
  if (template === undefined) {
    const { take, close } = await openLedgerAt(directory)
    await take(['a', 'b', 'c'].flatMap(history))
    await close()
    template = mkdtempSync(join(tmpdir(), 'run-ledger-template-'))
    cpSync(directory, template, { recursive: true })
  } else cpSync(template, directory, { recursive: true })
  return directory
}

afterAll(() => {
  if (template !== undefined) rmSync(template, { recursive: true, force: true })
})

const report = async (directory: string) => {
  const logFault = await storeFault({ kind: 'embedded', path: logPath(directory), prefix: 'run-' })()
  if (logFault._tag === 'Left') throw new Error(JSON.stringify(logFault.left))
  const verified = await verify({
    store: await openStore(directory, 'read'),
    logFault: logFault.right,
    readModel: TE.fromEither(openSnapshot(readModelPath(directory), 'live')),
  })()
  if (verified._tag === 'Left') throw new Error(JSON.stringify(verified.left))
  return verified.right
}

test('a log and its read model agree', async () => {
  expect(await report(await threeRuns())).toEqual({
    position: '00000000000000000012',
    events: 12,
    runs: 3,
    counts: {},
    findings: [],
  })
})

describe('of the read model, verify finds', () => {
  test.each([
    [
      'a changed row',
      `UPDATE runs SET status = 'FAILURE' WHERE run_id = 'b'`,
      'changed-row',
      { columns: [{ column: 'status', read_model: 'FAILURE', log: 'SUCCESS' }] },
    ],
    [
      'a changed text inside JSON',
      `UPDATE runs SET run_metadata = replace(run_metadata, 'web', 'app') WHERE run_id = 'b'`,
      'changed-row',
      {},
    ],
    [
      'a result made null',
      `UPDATE runs SET result = NULL WHERE run_id = 'b'`,
      'changed-row',
      { columns: [{ column: 'result', read_model: null, log: 'APPROVED' }] },
    ],
    ['a missing row', `DELETE FROM runs WHERE run_id = 'b'`, 'missing-row', {}],
    [
      'a changed metadata index',
      `UPDATE metadata_values SET value = 'app' WHERE run_id = 'b' AND key = 'channel'`,
      'changed-index',
      {},
    ],
    [
      'a run held back for nothing',
      `INSERT INTO quarantine VALUES ('b', 3, 'RunCompleted', '', '')`,
      'changed-quarantine',
      {},
    ],
  ])('%s', async (_, sql, kind, more) => {
    const directory = await threeRuns()
    tamper(readModelPath(directory), sql)
    const { counts, findings } = await report(directory)
    expect(findings).toMatchObject([{ kind, run_id: 'b', revision: 3, ...more }])
    expect(counts).toEqual({ [kind]: 1 })
  })

  test.each([
    [
      'a changed Entry',
      `UPDATE entry_texts SET entry = replace(entry, 'SUCCESS', 'FAILURE') WHERE position = 8`,
      { kind: 'changed-entry', run_id: 'b', revision: 3 },
    ],
    [
      'another actor',
      `UPDATE entries SET actor = 'mallory' WHERE position = 8`,
      { kind: 'changed-entry', columns: [{ column: 'actor', read_model: 'mallory', log: 'alice' }] },
    ],
    [
      'an Entry without its text',
      `DELETE FROM entry_texts WHERE position = 8`,
      { kind: 'changed-entry', run_id: 'b', revision: 3 },
    ],
    ['a missing Entry', `DELETE FROM entries WHERE position = 12`, { kind: 'missing-entry', run_id: 'c', revision: 3 }],
    [
      'an invented Entry',
      `INSERT INTO entries (position, run_id, revision, type, actor, occurred_at, recorded_at) SELECT 99, 'x', 7, type, actor, occurred_at, recorded_at FROM entries WHERE position = 1`,
      { kind: 'invented-entry', run_id: 'x', revision: 7 },
    ],
    [
      'a changed version',
      `UPDATE entries SET known_from = '2000-01-01T00:00:00.000Z' WHERE run_id = 'b' AND revision = 1`,
      { kind: 'changed-entry', run_id: 'b', revision: 1 },
    ],
    [
      'changed metadata of a version',
      `UPDATE entry_texts SET run_metadata = '{}' WHERE position = (SELECT position FROM entries WHERE run_id = 'b' AND revision = 0)`,
      { kind: 'changed-entry', run_id: 'b', revision: 0 },
    ],
    [
      'an id that is not found',
      `DELETE FROM entry_ids WHERE position = 8`,
      { kind: 'changed-index', table: 'entry_ids', run_id: 'b', revision: 3 },
    ],
    [
      'an id that another entry has',
      `INSERT INTO entry_ids VALUES (7, 8)`,
      { kind: 'changed-index', table: 'entry_ids', run_id: 'b', revision: 3 },
    ],
    [
      'a wrong count of a group',
      `UPDATE run_group_statuses SET runs = 2`,
      { kind: 'changed-sums', projection: 'run-group', id: 'monday' },
    ],
    [
      'a wrong time of a group',
      `UPDATE run_groups SET created_at = ''`,
      { kind: 'changed-sums', projection: 'run-group' },
    ],
    [
      'a wrong count of a policy version',
      `UPDATE policy_version_statuses SET runs = 9`,
      { kind: 'changed-sums', projection: 'policy-version-stats', id: 'loan-policy-7' },
    ],
    [
      'a wrong time of a policy version',
      `UPDATE policy_versions SET last_updated_at = ''`,
      { kind: 'changed-sums', projection: 'policy-version-stats' },
    ],
    [
      'a wrong result of a version',
      `UPDATE entries SET result = 'NO' WHERE run_id = 'b' AND revision = 3`,
      { kind: 'changed-entry', run_id: 'b', revision: 3 },
    ],
    [
      'a wrong figure',
      `UPDATE policy_figures SET runs = 9 WHERE figure = 'bin'`,
      { kind: 'changed-sums', projection: 'policy-version-stats' },
    ],
    [
      'a wrong duration',
      `UPDATE policy_durations SET sum = -1`,
      { kind: 'changed-sums', projection: 'policy-version-stats' },
    ],
  ])('%s', async (_, sql, finding) => {
    const directory = await threeRuns()
    tamper(readModelPath(directory), sql)
    const { findings } = await report(directory)
    expect(findings[0]).toMatchObject(finding)
  })

  test('an invented row', async () => {
    const directory = await threeRuns()
    tamper(
      readModelPath(directory),
      `INSERT INTO runs SELECT 'x', ${'run_group_id, policy_version_id, status, result, input_data, run_metadata, created_at, started_at, last_updated_at, revision, last_recorded_at'} FROM runs WHERE run_id = 'a'`,
    )
    expect((await report(directory)).findings).toEqual([{ kind: 'invented-row', run_id: 'x', revision: 3 }])
  })
})

describe('of the log, verify finds', () => {
  test.each([
    [
      'an unknown event type',
      `UPDATE events SET type = 'RunTeleported' WHERE stream = 'run-b' AND revision = 2`,
      2,
      'RunTeleported',
    ],
    [
      'an event that cannot follow',
      `UPDATE events SET type = 'RunStarted' WHERE stream = 'run-b' AND revision = 2`,
      2,
      'RunStarted',
    ],
    ['broken data', `UPDATE events SET data = '{"run' WHERE stream = 'run-b' AND revision = 1`, 1, 'RunStarted'],
    [
      'a schema version of the future',
      `UPDATE events SET metadata = replace(metadata, '"schema_version":1', '"schema_version":9') WHERE stream = 'run-b' AND revision = 3`,
      3,
      'RunCompleted',
    ],
    ['a gap in revisions', `DELETE FROM events WHERE stream = 'run-b' AND revision = 1`, 2, 'RunStatusChanged'],
    [
      'a stream that does not start at 0',
      `DELETE FROM events WHERE stream = 'run-b' AND revision = 0`,
      1,
      'RunStarted',
    ],
  ])('%s', async (_, sql, revision, type) => {
    const directory = await threeRuns()
    tamper(logPath(directory), DROP_GUARDS + sql)
    const { findings } = await report(directory)
    expect(findings[0]).toMatchObject({ kind: 'unreadable-event', run_id: 'b', revision, type })
    // What the read model holds of it is more than can be read now.
    const named = findings.flatMap((finding) => ('run_id' in finding ? [finding.run_id] : []))
    expect(new Set(named)).toEqual(new Set(['b']))
  })

  test('a changed amount that still folds, by the row that was made before', async () => {
    const directory = await threeRuns()
    tamper(
      logPath(directory),
      `${DROP_GUARDS} UPDATE events SET data = replace(data, 'APPROVED', 'DECLINED') WHERE stream = 'run-b'`,
    )
    expect((await report(directory)).findings).toMatchObject([
      { kind: 'changed-row', run_id: 'b', columns: [{ column: 'result', read_model: 'APPROVED', log: 'DECLINED' }] },
      { kind: 'changed-sums', projection: 'policy-version-stats', id: 'loan-policy-7' },
      { kind: 'changed-entry', run_id: 'b', revision: 3, columns: [{ column: 'result' }, { column: 'entry' }] },
    ])
  })

  test('events that were cut off its end', async () => {
    const directory = await threeRuns()
    tamper(logPath(directory), `${DROP_GUARDS} DELETE FROM events WHERE position > 10`)
    expect((await report(directory)).findings).toMatchObject([
      { kind: 'changed-row', run_id: 'c', revision: 1 },
      { kind: 'changed-index', table: 'entry_ids', run_id: 'c', revision: 2 },
      { kind: 'changed-index', table: 'entry_ids', run_id: 'c', revision: 3 },
      { kind: 'changed-sums', projection: 'policy-version-stats', id: 'loan-policy-7' },
      { kind: 'changed-sums', projection: 'run-group', id: 'monday' },
      { kind: 'invented-entry', run_id: 'c', revision: 2 },
      { kind: 'invented-entry', run_id: 'c', revision: 3 },
    ])
  })
})

test('a run that was quarantined when it was projected is a finding once, and the others are compared', async () => {
  const directory = testDirectory()
  const { store, take, close } = await openLedgerAt(directory)
  await take(history('a'))
  await store.append('b', 'no_stream', [
    { event_id: crypto.randomUUID(), type: 'RunTeleported', data: '{}', metadata: '{}' },
  ])()
  await take(history('c'))
  await close()
  expect((await report(directory)).findings).toMatchObject([{ kind: 'unreadable-event', run_id: 'b', revision: 0 }])
})

test('verify works beside a ledger that goes on writing, on the state that it began with', async () => {
  const directory = testDirectory()
  const { take } = await openLedgerAt(directory)
  await take(Array.from({ length: 200 }, (_, n) => history(`run-${n}`)).flat())
  const writing = Promise.all(Array.from({ length: 50 }, (_, n) => take(history(`later-${n}`))))
  for (let times = 0; times < 5; times += 1) expect((await report(directory)).findings).toEqual([])
  await writing
  expect(await report(directory)).toMatchObject({ runs: 250, events: 1_000, findings: [] })
})

test('of many findings the first thousand are named and all are counted', async () => {
  const directory = testDirectory()
  const { take, close } = await openLedgerAt(directory)
  await take(Array.from({ length: 1_200 }, (_, n) => createRun(`run-${n}`)))
  await close()
  tamper(readModelPath(directory), `UPDATE runs SET status = 'STARTED'`)
  const { counts, findings } = await report(directory)
  expect(counts).toEqual({ 'changed-row': 1_200 })
  expect(findings).toHaveLength(1_000)
})

describe('of the files, verify finds', () => {
  test('an event that the log’s index has under another name, though every event can be read', async () => {
    const directory = await threeRuns()
    misplaceInIndex(logPath(directory), 5)
    const { counts, findings } = await report(directory)
    expect(counts).toEqual({ 'damaged-log': 1 })
    expect(findings).toMatchObject([{ detail: expect.stringMatching(/index/) }])
  })

  test('broken pages of the read model, and does not take them for the log’s', async () => {
    const directory = await threeRuns()
    const path = readModelPath(directory)
    const bytes = readFileSync(path)
    // Past the pages of the schema and of the checkpoint, which nothing is read without.
    bytes.fill(0xa5, bytes.length - 20 * 8_192)
    writeFileSync(path, bytes)
    const { counts, events } = await report(directory)
    expect(counts['damaged-read-model']).toBeGreaterThan(0)
    expect(counts['damaged-log']).toBeUndefined()
    expect(counts['unreadable-event']).toBeUndefined()
    expect(events).toBe(12)
  })
})
