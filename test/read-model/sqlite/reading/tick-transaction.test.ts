import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { tickTransaction } from '../../../../src/read-model/sqlite/reading/tick-transaction.ts'
import { testDirectory } from '../../../support/stores.ts'

test('reads of one tick see the same moment, and the next tick sees what was written since', async () => {
  const path = join(testDirectory(), 'numbers.db')
  const writer = new DatabaseSync(path)
  writer.exec('PRAGMA journal_mode = WAL; CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES (1)')
  const reader = new DatabaseSync(path, { readOnly: true })
  onTestFinished(() => {
    reader.close()
    writer.close()
  })
  const sum = reader.prepare('SELECT sum(n) AS sum FROM numbers')
  const look = tickTransaction(reader)
  const read = () => {
    look()
    return sum.get()?.['sum']
  }
  expect(read()).toBe(1)
  writer.exec('INSERT INTO numbers VALUES (1)')
  expect(read()).toBe(1)
  await nextTurn()
  expect(reader.isTransaction).toBe(false)
  expect(read()).toBe(2)
})
