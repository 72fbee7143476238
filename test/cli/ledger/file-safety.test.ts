import { existsSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkFiles } from '../../../src/cli/ledger/file-safety.ts'
import { testDirectory } from '../../support/stores.ts'

const ledgerAt = (directory: string) => ({
  eventStore: { kind: 'embedded' as const, path: join(directory, 'events.db'), prefix: 'run-' },
  readModel: { kind: 'sqlite' as const, path: join(directory, 'read-model.db') },
  treePath: join(directory, 'tree.db'),
})

const SUFFIXES = ['', '-wal', '-shm', '-journal', '.lock', '.lock.json', '.new']

test('every file of a ledger is told from others, whether it is there or not, by any name', () => {
  const directory = testDirectory()
  const [data, alias] = [join(directory, 'data'), join(directory, 'alias')]
  mkdirSync(data)
  symlinkSync('data', alias)
  const config = ledgerAt(data)
  for (const store of ['events.db', 'read-model.db'])
    for (const [n, suffix] of SUFFIXES.entries()) {
      const [path, link] = [join(data, store + suffix), join(directory, `${store}-link-${n}`)]
      symlinkSync(path, link)
      const names = [path, join(alias, store + suffix), `${data}/../data/${store}${suffix}`, link]
      for (const outputs of names.map((name) => [name]))
        expect([outputs, checkFiles(config, { outputs })]).toMatchObject([outputs, { left: { status: 2 } }])
      writeFileSync(path, '')
      const hard = join(directory, `${store}-hard-${n}`)
      linkSync(path, hard)
      expect(checkFiles(config, { outputs: [hard] })).toMatchObject({ left: { status: 2 } })
      expect(checkFiles(config, { inputs: [hard] })).toMatchObject({ left: { status: 2 } })
    }
  for (const outputs of [['-'], [join(data, 'other')], [join(directory, 'events.db')], [join(data, 'events.db.bak')]])
    expect(checkFiles(config, { outputs })).toMatchObject({ _tag: 'Right' })
})

test('a ledger that is a link itself has its files beside the one that it leads to', () => {
  const directory = testDirectory()
  mkdirSync(join(directory, 'real'))
  symlinkSync('real/log', join(directory, 'events.db'))
  const wal = join(directory, 'real', 'log-wal')
  expect(existsSync(wal)).toBe(false)
  expect(checkFiles(ledgerAt(directory), { outputs: [wal] })).toMatchObject({ left: { status: 2 } })
})

test('links that lead to each other are no file of the ledger, and no endless way', () => {
  const directory = testDirectory()
  symlinkSync('b', join(directory, 'a'))
  symlinkSync('a', join(directory, 'b'))
  expect(checkFiles(ledgerAt(directory), { outputs: [join(directory, 'a')] })).toMatchObject({ _tag: 'Right' })
})
