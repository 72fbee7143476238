import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProgram, startProgramWith } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const row = (run_id: string, more: object = {}) => ({
  run_id,
  run_group_id: 'group-1',
  policy_version_id: 'version-1',
  status: 'SUCCESS',
  result: 'APPROVED',
  input_data: { income: 100 },
  run_metadata: { score: 7, gone: null },
  created_at: '2026-05-04T10:00:00.123456',
  started_at: '2026-05-04T10:00:01',
  last_updated_at: '2026-05-04T10:00:02',
  ...more,
})

test('a run table becomes runs with a history; a repeat stores nothing, and bad lines are rejected', async () => {
  const data = testDirectory()
  const [file, rejects] = [join(data, 'runs.ndjson'), join(data, 'rejects.ndjson')]
  const rows = [
    row('run-1'),
    row('run-2', { started_at: null, run_metadata: { score: 8 } }),
    row('run-3', { started_at: '2026-05-04T09:00:00' }),
    row('run-4', { status: 'PENDING', result: null, started_at: null }),
    row('run-5'),
  ]
  writeFileSync(file, rows.map((each) => `${JSON.stringify(each)}\n`).join(''))
  // A run of this id that is not the table's is left as it is.
  const own = '{"command":"create","run_id":"run-5","policy_version_id":"own"}\n'
  await startProgramWith({ args: ['import', '-', '--data', data], input: own }).ended
  const run = (...args: readonly string[]) => startProgram(...args, '--data', data).ended

  const imported = () => run('import', '--lineart', file, '--rejects', rejects, '--json')
  const first = await imported()
  expect(JSON.parse(first.stdout)).toMatchObject({ lines: 5, accepted: 3, repeated: 0, rejected: 2 })
  expect(first.status).toBe(1)
  const rejected = readFileSync(rejects, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rejected).toMatchObject([
    { line: 3, problem: { type: '/problems/invalid', errors: [{ pointer: '/started_at' }] }, command: rows[2] },
    { line: 5, problem: { type: '/problems/run-exists' }, command: rows[4] },
  ])
  expect(JSON.parse((await imported()).stdout)).toMatchObject({ lines: 5, accepted: 0, repeated: 3, rejected: 2 })

  const [whole, history, lifted, untouched] = await Promise.all([
    run('runs', 'get', 'run-1', '-o', 'json'),
    run('history', 'run-1', '--json'),
    run('history', 'run-2', '--json'),
    run('history', 'run-5', '--json'),
  ])
  expect(JSON.parse(whole.stdout)).toEqual({
    ...rows[0],
    created_at: '2026-05-04T10:00:00.123Z',
    started_at: '2026-05-04T10:00:01.000Z',
    last_updated_at: '2026-05-04T10:00:02.000Z',
  })
  const entries = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  expect(entries(history.stdout)).toMatchObject(
    ['RunCreated', 'RunStarted', 'RunCompleted'].map((type) => ({
      type,
      reason: 'reconstructed from a row',
      recorded_by: { via: 'import' },
      occurred_at_from: 'caller',
    })),
  )
  expect(entries(lifted.stdout)[1]).toMatchObject({
    type: 'RunStarted',
    occurred_at: '2026-05-04T10:00:00.123Z',
    occurred_at_from: 'lifted',
  })
  expect(entries(untouched.stdout)).toHaveLength(1)
})
