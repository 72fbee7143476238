import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { say } from '../../../src/cli/output/output.ts'
import { startPager } from '../../../src/cli/output/pager.ts'
import { testDirectory } from '../../support/stores.ts'

test('what is printed on a terminal goes through the pager, also where that does not exist', async () => {
  const file = join(testDirectory(), 'read')
  for (const [pager, expected] of [
    [`tr a-z A-Z > ${file}`, 'A LINE\n'],
    [`exec > ${file}; no-such-pager-anywhere`, 'a line\n'],
  ]) {
    const started = startPager(true, { PATH: process.env['PATH'], PAGER: pager })
    say('a line')
    await started?.end()
    expect(readFileSync(file, 'utf8')).toBe(expected)
  }
})

test.each([
  ['in a pipe', false, { PAGER: 'less' }],
  ['where the pager is empty', true, { PAGER: '' }],
  ['where the pager is cat', true, { PAGER: 'cat' }],
])('there is none %s', (_where, isTerminal, env) => expect(startPager(isTerminal, env)).toBeNull())
