import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** What a process that logs and ends leaves on standard error. */
const logged = (script: string): string => {
  const program = `import { createLogger } from '../src/http/logger.ts'; const logger = await createLogger(); ${script}`
  const cwd = new URL('../../..', import.meta.url)
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd, encoding: 'utf8' }).stderr
}

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
