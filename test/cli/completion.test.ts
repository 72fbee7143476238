import { expect, test } from 'vitest'
import { startProgram } from '../support/processes/program.ts'

/** What a shell is offered for the last of `words`. */
const offered = async (...words: readonly string[]) =>
  (await startProgram('complete', '--', ...words).ended).stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t', 1)[0])

test.each([
  ['subcommands', ['re'], ['replay', ':4']],
  ['subcommands of a subcommand', ['context', ''], expect.arrayContaining(['add', 'use', 'list', 'remove'])],
  ['options', ['runs', 'list', '--create'], ['--created-after', '--created-before', ':4']],
  ['the values of an option', ['audit', '--sort', 'o'], ['occurred_at', ':4']],
  ['files, by the shell itself, for an argument', ['import', ''], [':0']],
  ['files, by the shell itself, for an option', ['runs', 'list', '--data', './'], [':0']],
])('the tab key offers %s', async (_what, words, expected) => expect(await offered(...words)).toEqual(expected))

test.each(['bash', 'zsh', 'fish'])('the script for %s calls the program', async (shell) => {
  const { status, stdout } = await startProgram('completion', shell).ended
  expect(status).toBe(0)
  expect(stdout).toContain('run-ledger complete --')
})

test('another shell is refused', async () =>
  expect(await startProgram('completion', 'tcsh').ended).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('Allowed choices are bash, zsh, fish'),
  }))
