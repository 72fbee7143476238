import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { callAll, startProgram, startProgramWith } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const day = (n: number) => `2026-05-0${n}T00:00:00.000Z`

const COMMANDS = [
  {
    command: 'create',
    run_id: 'loan-1',
    policy_version_id: 'p-1',
    run_group_id: 'batch',
    input_data: { amount: 12_000, '2': 'b', '1': 'a', who: '=1+1' },
    occurred_at: day(1),
    actor: 'alice',
  },
  { command: 'start', run_id: 'loan-1', occurred_at: day(2), actor: 'engine' },
  { command: 'change_status', run_id: 'loan-1', status: 'SCORED', run_metadata: { score: 640 }, occurred_at: day(3) },
  { command: 'complete', run_id: 'loan-1', status: 'SUCCESS', result: 'APPROVED', occurred_at: day(4), reason: 'ok' },
  { command: 'create', run_id: 'loan-2', policy_version_id: 'p-2', run_group_id: 'batch', occurred_at: day(2) },
  { command: 'start', run_id: 'loan-2', occurred_at: day(5), reason: 'a "quoted", long\nreason' },
]

/** The same applications decided by two versions: one alike, one not, one of them twice by one version. */
const DECISIONS = [
  ['g-1', 'v-1', 'APPROVED'],
  ['g-1', 'v-2', 'APPROVED'],
  ['g-2', 'v-1', 'APPROVED'],
  ['g-2', 'v-2', 'DECLINED'],
  ['g-3', 'v-1', 'APPROVED'],
  ['g-3', 'v-2', 'APPROVED'],
  ['g-3', 'v-2', 'DECLINED'],
].flatMap(([run_group_id, policy_version_id, result], n) => [
  { command: 'create', run_id: `d-${n}`, run_group_id, policy_version_id, occurred_at: day(6) },
  { command: 'start', run_id: `d-${n}`, occurred_at: day(6) },
  { command: 'complete', run_id: `d-${n}`, status: 'SUCCESS', result, occurred_at: `2026-05-06T00:00:0${n}.000Z` },
])

const served = async () => {
  const data = testDirectory()
  const input = [...COMMANDS, ...DECISIONS].map((command) => `${JSON.stringify(command)}\n`).join('')
  await startProgramWith({ args: ['import', '-', '--data', data], input }).ended
  const url = await startProgram('serve', '--port', '0', '--data', data).address
  return { data, url }
}

const WITHIN = { timeout: 60_000 }

/** Each is asked of the files and of the server. */
const QUESTIONS: readonly (readonly string[])[] = [
  ['runs', 'list'],
  ['runs', 'list', '-o', 'json', '--limit', '1'],
  ['runs', 'list', '--json', '--status', 'STARTED', '--status', 'SUCCESS', '--sort', 'created_at'],
  ['runs', 'list', '-o', 'csv', '--columns', 'run_id,input.who,input_data,metadata.score'],
  ['runs', 'list', '--metadata', 'score=640', '--since', '2026-05-01', '--created-before', day(2)],
  ['runs', 'list', '--count', '--as-of', '2026-05-03', '--status', 'STARTED'],
  ['runs', 'list', '--status', 'no status'],
  ['runs', 'get', 'loan-1'],
  ['runs', 'get', 'loan-1', '-o', 'json', '--as-of', '2026-05-03'],
  ['runs', 'get', 'loan-1', '-o', 'csv', '--revision', '1'],
  ['runs', 'get', 'loan-1', '--as-of', '2025-05-03'],
  ['runs', 'get', 'loan-9'],
  ['runs', 'stats', 'p-1'],
  ['runs', 'stats', 'p-1', '--bucket', 'day', '-o', 'json'],
  ['runs', 'stats', 'p-1', '--bucket', 'day', '--from', '2026-05-01T01:00:00Z'],
  ['runs', 'provenance', 'loan-1'],
  ['runs', 'provenance', 'loan-1', '--json'],
  ['diff', 'loan-1', 'loan-2'],
  ['diff', 'loan-1@0', 'loan-1@2026-05-03', '-o', 'json'],
  ['diff', 'loan-1', 'loan-9'],
  ['agreement', 'v-1', 'v-2'],
  ['agreement', 'v-1', 'v-2', '-o', 'json', '--since', '2026-05-06'],
  ['agreement', 'v-1', 'v-2', '-o', 'csv', '--to', '2026-05-06'],
  ['agreement', 'v-1', 'v-9'],
  ['groups'],
  ['groups', 'batch', '-o', 'json'],
  ['groups', 'batch'],
  ['groups', 'batsh'],
  ['groups', 'batsh', '-o', 'json'],
  ['runs', 'provenance', 'loan-3'],
  ['runs', 'list', '--policy-version-id', 'p-3', '-o', 'csv'],
  ['policies', '-o', 'csv'],
  ['runs', 'list', '-q', 'result = "APPROVED" and metadata.score >= 640', '--json'],
  ['runs', 'list', '-q', 'result = ', '--json'],
  ['audit', '--result', 'APPROVED', '--path', '/result', '--json'],
  ['history', 'loan-1'],
  ['history', 'loan-1', '--json'],
  ['history', 'nobody'],
  ['replay', 'loan-1'],
  ['replay', 'loan-1', '--json', '--as-of', '2026-05-03'],
  ['replay', 'loan-2', '--revision', '9'],
  ['replay', 'loan-1', '--as-of', '2025-01-01'],
  ['replay', 'nobody'],
  ['audit'],
  ['audit', '-o', 'json', '--limit', '2', '--sort', 'occurred_at', '--run-group-id', 'batch'],
  ['audit', '-o', 'csv', '--type', 'RunCompleted', '--type', 'RunCreated'],
  ['audit', '-o', 'cloudevents', '--since', '2026-05-04'],
  ['audit', '--type', 'RunCompletd'],
  ['projections', 'status'],
]

test('files and a server give the same answers and the same refusals', async () => {
  const { data, url } = await served()
  const [files, server] = await Promise.all([
    callAll(QUESTIONS.map((question) => [...question, '--data', data])),
    callAll(QUESTIONS.map((question) => [...question, '--url', url])),
  ])
  expect(files).toHaveLength(QUESTIONS.length)
  for (const [at, question] of QUESTIONS.entries()) {
    expect(server[at], question.join(' ')).toEqual(files[at])
    expect(`${files[at]?.stdout}${files[at]?.stderr}`, question.join(' ')).not.toBe('')
  }
})

test('what comes is followed over a server as over files', async () => {
  const { data, url } = await served()
  const followed = async (...place: readonly string[]) => {
    const program = startProgram('tail', '--from', 'start', '--json', ...place)
    await expect
      .poll(() => program.printed().stdout.split('\n').length, WITHIN)
      .toBe(COMMANDS.length + DECISIONS.length + 1)
    program.kill('SIGINT')
    return program.ended
  }
  const [files, server] = await Promise.all([followed('--data', data), followed('--url', url)])
  expect(server).toEqual(files)
  expect(server.status).toBe(0)
})

test('runs of the past are listed as they stood, and a comparison shows both values of each field that differs', async () => {
  const { data } = await served()
  const columns = 'run_id,status,input.who,metadata.score'
  const [{ stdout, stderr, status }, diff] = await Promise.all([
    startProgram('runs', 'list', '-o', 'csv', '--as-of', '2026-05-03', '--columns', columns, '--data', data).ended,
    startProgram('diff', 'loan-1@2', 'loan-1', '--data', data).ended,
  ])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toBe(
    "run_id,status,input_data.who,run_metadata.score\r\nloan-2,PENDING,,\r\nloan-1,SCORED,'=1+1,640\r\n",
  )
  expect(diff.stdout).toContain('~ /status           "SCORED" → "SUCCESS"\n')
  expect(diff.stdout).toContain('RunCompleted SUCCESS     -                                 3 anonymous after 1.0 d\n')
})

test('ids that nothing has are refused with what exists nearby', async () => {
  const { data } = await served()
  const refusals: readonly (readonly [string, string])[] = [
    ['runs get loan-3', 'no run has the id loan-3; did you mean loan-2, loan-1?'],
    ['diff loan-1 lone-1', 'no run has the id lone-1; did you mean loan-1, loan-2?'],
    ['groups batsh', 'no group has the id batsh; did you mean batch?'],
    ['runs stats p-3', 'no policy version has the id p-3; did you mean p-1, p-2?'],
    ['runs list --run-group-id xyz -o csv', 'no group has the id xyz'],
  ]
  const ended = await callAll(refusals.map(([call]) => [...call.split(' '), '--data', data]))
  expect(ended).toEqual(refusals.map(([, said]) => ({ status: 1, stdout: '', stderr: `run-ledger: ${said}\n` })))
})

test('an agreement shows how many agree, the results against each other, and the groups that differ', async () => {
  const { data } = await served()
  const { stdout, stderr, status } = await startProgram('agreement', 'v-1', 'v-2', '--data', data).ended
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toBe(`v-1 and v-2: 3 groups decided by both
2 compared: 1 agree (50.0 %), 1 differ
1 with several runs of one version are not compared
v-2 took longer by 1000 ms in the mean, 1000 (p50), 1000 (p95)

rows: v-1, columns: v-2
result    with APPROVED  with DECLINED
APPROVED              1              1

run_group_id  run.run_id  run.result  with.run_id  with.result  run.created_at
g-2           d-2         APPROVED    d-3          DECLINED     2026-05-06T00:00:00.000Z
`)
})

test('a list that was cut says so on standard error', async () => {
  const data = testDirectory()
  const input = Array.from({ length: 51 }, () => '{"command":"create","policy_version_id":"p"}\n').join('')
  await startProgramWith({ args: ['import', '-', '--data', data], input }).ended
  const [table, all] = await Promise.all([
    startProgram('runs', 'list', '--data', data).ended,
    startProgram('runs', 'list', '--json', '--data', data).ended,
  ])
  expect(table.stdout.split('\n')).toHaveLength(52)
  expect(table.stderr).toBe('run-ledger: the first 50 are shown: add --limit N for more\n')
  expect(all.stdout.split('\n')).toHaveLength(52)
  expect(all.stderr).toBe('')
})

test('a token goes to a server over loopback or https alone, and never along a redirect', async () => {
  const token = join(testDirectory(), 'token')
  writeFileSync(token, 'secret-token\n')
  const seen: (string | undefined)[] = []
  const server = createServer(({ headers }, answer) => {
    seen.push(headers.authorization)
    answer.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const redirected = await startProgram('groups', '--url', `http://127.0.0.1:${port}`, '--token-file', token).ended
  server.close()
  expect(redirected).toMatchObject({ status: 3, stdout: '' })
  expect(redirected.stderr).toContain('a redirect to http://127.0.0.1:1/elsewhere')
  expect(seen).toEqual(['Bearer secret-token'])
  const plain = await startProgram('groups', '--url', 'http://ledger.example', '--token-file', token).ended
  expect(plain).toMatchObject({ status: 2, stdout: '' })
  expect(plain.stderr).toContain('give an https --url')
})
