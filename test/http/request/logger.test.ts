import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { openSocket } from '../../support/network/raw-socket.ts'
import { testDirectory } from '../../support/stores.ts'

const ROOT = new URL('../../..', import.meta.url)

const programOf = (script: string) =>
  `import { createLogger } from './src/http/request/logger.ts'; const logger = await createLogger(); ${script}`

/** What a process that logs and ends leaves on standard error. */
const logged = (script: string): string =>
  spawnSync(process.execPath, ['--input-type=module', '-e', programOf(script)], { cwd: ROOT, encoding: 'utf8' }).stderr

/** The same, with standard error redirected by a shell: its status, and what it says on standard output. */
const redirected = (script: string, redirection: string) =>
  spawnSync('bash', ['-c', `"$0" --input-type=module -e "$1" ${redirection}`, process.execPath, programOf(script)], {
    cwd: ROOT,
    encoding: 'utf8',
  })

test('lines are JSON with the time in words, and all of them are there when the process ends', () => {
  const lines = logged("for (let n = 0; n < 2000; n += 1) logger.info({ n }, 'said')").trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    Array.from({ length: 2000 }, (_, n) => ({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      n,
      msg: 'said',
    })),
  )
})

test('what was logged is there also after an exit in the middle', () => {
  expect(logged("logger.warn('last words'); process.exit(3)")).toContain('last words')
})

const MANY =
  "for (let n = 0; n < 100_000; n += 1) logger.info({ n, text: 'x'.repeat(100) }, 'said'); console.log('done')"

test.each([
  ['a full disk', '2>/dev/full'],
  ['a pipe whose reader is gone', '2> >(exec 0<&-; exit)'],
  ['a pipe whose reader sleeps', '2> >(exec sleep 5)'],
  ['no standard error at all', '2>&-'],
])('with %s under it the process goes on and ends as it would', (_what, redirection) => {
  expect(redirected(MANY, redirection)).toMatchObject({ status: 0, stdout: 'done\n' })
})

test('lines that a reader does not take are dropped whole, and the log says how many once it can', async () => {
  const script = `${MANY}; process.stdin.once('data', () => setTimeout(() => { logger.info('again'); process.exit() }, 500))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', programOf(script)], { cwd: ROOT })
  await once(child.stdout, 'data')
  child.stdin.end('go on\n')
  const lines = (await text(child.stderr))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const told = lines.filter(({ msg }) => msg === 'said')
  const [notice] = lines.filter(({ dropped }) => dropped !== undefined)
  expect(told.map(({ n }) => n)).toEqual(Array.from({ length: told.length }, (_, n) => n))
  expect(notice).toMatchObject({ level: 40, msg: 'log lines were dropped', dropped: 100_000 - told.length })
  expect(lines.at(-1)).toMatchObject({ msg: 'again' })
})

test.each([
  ['a full disk', '2>/dev/full'],
  ['a pipe whose reader sleeps', '2> >(exec sleep 600)'],
])('a server with %s under its log answers every request, and stops when it is told to', async (_what, redirection) => {
  const child = spawn(
    'bash',
    ['-c', `exec "$0" src/main.ts serve --port 0 --data "$1" ${redirection}`, process.execPath, testDirectory()],
    { cwd: ROOT },
  )
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const ended = once(child, 'exit')
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  const { port } = new URL(String(line).trim())
  const socket = await openSocket(Number(port))
  // More lines than a pipe holds.
  const requests = 3_000
  socket.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(requests))
  socket.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect((await socket.until('/problems/not-found')).match(/HTTP\/1\.1 200/g)).toHaveLength(requests)
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
