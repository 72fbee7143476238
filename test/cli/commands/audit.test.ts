import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { changeRun, completeRun, createRun, startRun } from '../../support/commands.ts'
import { openLedgerAt, readModelPath, tamper } from '../../support/ledger-on-disk.ts'
import { startProgram } from '../../support/processes/program.ts'
import { eventsOf, testDirectory } from '../../support/stores.ts'

const at = (minute: number) => `2026-05-04T10:${String(minute).padStart(2, '0')}:00.000Z`

/** Two runs, seven events, of which alice and bob have some each. */
const withLedger = async () => {
  const data = testDirectory()
  const opened = await openLedgerAt(data)
  await opened.take([
    createRun('a', { occurred_at: at(1), run_group_id: 'day-1' }),
    startRun('a', { occurred_at: at(2), actor: 'bob' }),
    createRun('b', { occurred_at: at(3), policy_version_id: 'policy-8', reason: '=1+1' }),
    startRun('b', { occurred_at: at(4), actor: 'bob' }),
    completeRun('a', { occurred_at: at(5) }),
    changeRun('b', 'SCORED', { occurred_at: at(6), actor: 'carol' }),
    completeRun('b', { occurred_at: at(7) }),
  ])
  // In the order of the log: those of a run keep together.
  const log = [...(await eventsOf(opened.store, 'a')), ...(await eventsOf(opened.store, 'b'))]
  log.sort((one, other) => (one.position < other.position ? -1 : 1))
  const ids = log.map(({ stream, revision }) => `${stream} ${revision}`)
  return { ...opened, ids, run: (...args: readonly string[]) => startProgram(...args, '--data', data).ended, data }
}

type Told = Readonly<{ run_id: string; revision: number; reason: string | null }>
const idOf = ({ run_id, revision }: Told): string => `${run_id} ${revision}`
const entries = (text: string): readonly Told[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told)
const idsIn = (text: string): readonly string[] => entries(text).map(idOf)

describe('the audit trail', () => {
  test('is told newest first, in each format, beside the ledger’s owner', async () => {
    const { run, ids } = await withLedger()
    const newest = ids.toReversed()
    const [table, ndjson, json, csv, cloudEvents] = await Promise.all([
      run('audit'),
      run('audit', '--json'),
      run('audit', '--format', 'json', '--limit', '2'),
      run('audit', '--format', 'csv', '--sort', 'position'),
      run('audit', '--format', 'cloudevents', '--cloud-events-source', '/here', '--limit', '1'),
    ])
    for (const { status, stderr } of [table, ndjson, json, csv, cloudEvents])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(
      table.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('  ').filter(Boolean)[2]),
    ).toEqual(['run, revision', ...newest])
    expect(table.stdout).not.toContain('\u001b')
    expect(idsIn(ndjson.stdout)).toEqual(newest)
    expect((JSON.parse(json.stdout) as { data: Told[] }).data.map(idOf)).toEqual(newest.slice(0, 2))
    const rows: Record<string, string>[] = parse(csv.stdout, { columns: true })
    expect(rows.map((row) => `${row['run_id']} ${row['revision']}`)).toEqual(ids)
    expect(rows.map((row) => row['reason'])).toContain("'=1+1")
    expect(JSON.parse(cloudEvents.stdout)).toMatchObject([{ specversion: '1.0', source: '/here', subject: 'b' }])
  })

  test('can be asked for some of it only', async () => {
    const { run } = await withLedger()
    const [actors, runs, times, none] = await Promise.all([
      run('audit', '--json', '--actor', 'bob', '--actor', 'carol', '--sort', 'occurred_at'),
      run('audit', '--json', '--policy-version-id', 'policy-8', '--type', 'RunCreated'),
      run(
        'audit',
        '--json',
        '--occurred-after',
        at(2),
        '--occurred-before',
        '2026-05-04T12:04:00+02:00',
        '--sort',
        'occurred_at',
      ),
      run('audit', '--json', '--run-group-id', 'day-2'),
    ])
    expect(idsIn(actors.stdout)).toEqual(['a 1', 'b 1', 'b 2'])
    expect(idsIn(runs.stdout)).toEqual(['b 0'])
    expect(idsIn(times.stdout)).toEqual(['a 1', 'b 0'])
    expect(none).toMatchObject({ status: 0, stdout: '' })
  })

  test('ends after a page in a table, and says that there is more', async () => {
    const { run, take } = await withLedger()
    await take([createRun('c'), startRun('c'), ...Array.from({ length: 60 }, (_, n) => changeRun('c', `S${n}`))])
    const [page, all] = await Promise.all([run('audit'), run('audit', '--limit', '1000')])
    expect(page.stdout.trimEnd().split('\n')).toHaveLength(1 + 50)
    expect(page.stderr).toBe('run-ledger: 50 are shown, there may be more: add --limit N\n')
    expect(all.stdout.trimEnd().split('\n')).toHaveLength(1 + 69)
  })

  test('in which nothing matches is empty, and says so', async () => {
    const { run } = await withLedger()
    const [table, json] = await Promise.all([
      run('audit', '--actor', 'nobody'),
      run('audit', '--actor', 'nobody', '--json'),
    ])
    expect(table).toMatchObject({ status: 0, stdout: '', stderr: 'run-ledger: no entry matches\n' })
    expect(json).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  test('of a read model that is behind the log comes with a word on it', async () => {
    const { run, store, projector, close } = await withLedger()
    await projector.stop()
    await store.append('a', 2, [{ event_id: crypto.randomUUID(), type: 'RunTeleported', data: '{}', metadata: '{}' }])()
    const { status, stdout, stderr } = await run('audit', '--json')
    expect({ status, entries: entries(stdout).length }).toEqual({ status: 0, entries: 7 })
    expect(stderr).toContain('lacks the last 1 event of the log')
    await close()
  })

  test('asked for wrongly is refused by the flag’s name', async () => {
    const { run } = await withLedger()
    const wrong = [
      [['--recorded-before', 'noon'], '--recorded-before must be an RFC 3339 time'],
      [['--run-id', 'no id'], '--run-id must be 1 to 128'],
      [['--limit', '0'], '--limit must be a whole number'],
      [['--sort', 'actor'], 'Allowed choices are position'],
      [['--json', '--format', 'csv'], 'leave out one of --json and -o csv'],
    ] as const
    const ended = await Promise.all(wrong.map(([args]) => run('audit', ...args)))
    for (const [n, { status, stdout, stderr }] of ended.entries()) {
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain(wrong[n]?.[1])
    }
  })
})

describe('the trail followed live', () => {
  /** Lines of `tail` as they come; it is ended by SIGINT. */
  const following = (...args: readonly string[]) => {
    const tail = startProgram('tail', ...args)
    return {
      seen: (ids: readonly string[]) =>
        expect.poll(() => idsIn(wholeLines(tail.printed().stdout)), { timeout: 20_000 }).toEqual(ids),
      end: () => {
        tail.kill('SIGINT')
        return tail.ended
      },
    }
  }
  const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1)

  test('from its start, from a position and from its head, until it is ended with 0', async () => {
    const { data, ids, take } = await withLedger()
    const tails = [
      following('--json', '--from', 'start', '--data', data),
      following('--json', '--from', '5', '--data', data),
      following('--json', '--from', 'start', '--actor', 'carol', '--data', data),
    ] as const
    const [all, late, carol] = tails
    await all.seen(ids)
    await late.seen(ids.slice(5))
    await carol.seen(['b 2'])
    await take([createRun('c'), startRun('c', { actor: 'carol' })])
    await all.seen([...ids, 'c 0', 'c 1'])
    await late.seen([...ids.slice(5), 'c 0', 'c 1'])
    await carol.seen(['b 2', 'c 1'])
    for (const tail of tails) expect(await tail.end()).toMatchObject({ status: 0, signal: null, stderr: '' })
  })

  test('says where nothing brings it new entries, and from where it can begin', async () => {
    const { data, close } = await withLedger()
    await close()
    tamper(readModelPath(data), "UPDATE projections SET last_heartbeat = '2026-05-04T10:00:00.000Z'")
    const still = startProgram('tail', '--data', data)
    await expect.poll(() => still.printed().stderr, { timeout: 20_000 }).toContain('run-ledger serve')
    still.kill('SIGTERM')
    expect(await still.ended).toMatchObject({ status: 0, stdout: '' })
    const { status, stderr } = await startProgram('tail', '--from', 'tomorrow', '--data', data).ended
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'run-ledger: --from must be start, head, or a position\n' })
    const beyond = await startProgram('tail', '--from', '8', '--data', data).ended
    expect(beyond.status).toBe(2)
    expect(beyond.stderr).toBe('run-ledger: --from is beyond the end of the log, which is at position 7\n')
  })
})
