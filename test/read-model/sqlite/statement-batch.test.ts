import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { inTransaction } from '../../../src/read-model/sqlite/database.ts'
import { createPlayer, createRecorder } from '../../../src/read-model/sqlite/writing/statement-batch.ts'

const emptyTable = (): DatabaseSync => {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE counts (name TEXT PRIMARY KEY, n INTEGER, note TEXT)')
  return db
}
const rowsOf = (db: DatabaseSync) => db.prepare('SELECT name, n, note FROM counts ORDER BY rowid').all()

const STATEMENTS = [
  'insert into counts (name, n, note) values (?, ?, ?)',
  'INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n',
  'DELETE FROM counts WHERE n = ?',
] as const

test.each([0, 1, 7, 8, 9, 100])(
  '%i recorded inserts and what follows them leave the rows that they would have left at once',
  (count) => {
    const [atOnce, later] = [emptyTable(), emptyTable()]
    const recorder = createRecorder()
    for (const prepare of [recorder.prepare, (sql: string) => atOnce.prepare(sql)]) {
      const [insert, add, remove] = STATEMENTS.map(prepare)
      for (let i = 0; i < count; i += 1) insert?.run(`name ${i}`, i, i % 2 === 0 ? null : 'odd')
      add?.run('name 3', 10, null)
      add?.run('name 3', 10, null)
      remove?.run(4)
    }
    createPlayer(later, recorder.statements)(structuredClone(recorder.take()))
    expect(rowsOf(later)).toStrictEqual(rowsOf(atOnce))
  },
)

test('what was taken is not taken again', () => {
  const db = emptyTable()
  const recorder = createRecorder()
  const insert = recorder.prepare(STATEMENTS[0])
  const play = createPlayer(db, recorder.statements)
  insert.run('first', 1, null)
  play(recorder.take())
  play(recorder.take())
  insert.run('second', 2, null)
  play(recorder.take())
  expect(rowsOf(db)).toMatchObject([{ name: 'first' }, { name: 'second' }])
})

test('where one of many inserts fails, nothing is left of its transaction', () => {
  const db = emptyTable()
  const recorder = createRecorder()
  const insert = recorder.prepare(STATEMENTS[0])
  const play = createPlayer(db, recorder.statements)
  insert.run('first', 1, null)
  inTransaction(db, () => play(recorder.take()))
  for (const name of ['a', 'b', 'c', 'first', 'd', 'e', 'f', 'g']) insert.run(name, 2, null)
  expect(() => inTransaction(db, () => play(recorder.take()))).toThrow('UNIQUE')
  expect(rowsOf(db)).toMatchObject([{ name: 'first' }])
})
