import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { createWalThread } from '../../src/read-model/wal-thread.ts'
import { testDirectory } from '../support/stores.ts'

/** A file whose writer moves nothing itself. */
const openWriter = () => {
  const db = new DatabaseSync(join(testDirectory(), 'file.db'))
  onTestFinished(() => db.close())
  db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE texts (text TEXT)')
  const thread = createWalThread(db)
  onTestFinished(thread.stop)
  const [insert, state] = [
    db.prepare('INSERT INTO texts VALUES (?)'),
    db.prepare('PRAGMA wal_checkpoint(NOOP)'),
  ] as const
  return {
    thread,
    commit: () => {
      insert.run('x'.repeat(400_000))
      thread.committed()
    },
    pages: () => Number(state.get()?.['log']),
    rows: () => db.prepare('SELECT count(*) AS rows FROM texts').get()?.['rows'],
  }
}

test('a write-ahead log that grew long is moved into the file beside its writer, who begins it anew', async () => {
  const { commit, pages, rows } = openWriter()
  for (let n = 0; n < 12; n += 1) commit()
  const longest = pages()
  expect(longest).toBeGreaterThan(1_000)
  await expect
    .poll(() => {
      commit()
      return pages()
    })
    .toBeLessThan(longest)
  expect(rows()).toBeGreaterThan(12)
})

test('one that is short is left alone, and whoever stopped the thread may write on', async () => {
  const { thread, commit, pages } = openWriter()
  for (let n = 0; n < 3; n += 1) commit()
  await thread.stop()
  for (let n = 0; n < 20; n += 1) commit()
  expect(pages()).toBeGreaterThan(20 * 97)
})
