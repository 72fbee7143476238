/**
 * The floor of `import`: gunzip, JSON.parse each line, insert the same event rows, and read-model rows in a second
 * thread, 512 a transaction.
 * `node import-floor.ts FILE REFERENCE TARGET`: REFERENCE is a ledger that imported FILE. Its rows are read first, and how
 * long that took is printed, so that it can be left out.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { insertInThread } from './insert-in-thread.ts'
import { eventRows, insertInto, openLog, ROWS_A_TRANSACTION, type Rows } from './ledger-rows.ts'

const importEvents = (file: string, path: string, rows: Rows): void => {
  const log = openLog(path, 'write')
  const insert = insertInto(log, 'events', rows[0]?.length ?? 0)
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
  if (lines.length !== rows.length) throw new Error(`${lines.length} lines, but ${rows.length} events`)
  for (let from = 0; from < rows.length; from += ROWS_A_TRANSACTION) {
    log.exec('BEGIN IMMEDIATE')
    for (let at = from; at < Math.min(from + ROWS_A_TRANSACTION, rows.length); at += 1) {
      JSON.parse(lines[at] as string)
      insert.run(...(rows[at] as Rows[number]))
    }
    log.exec('COMMIT')
  }
  log.close()
}

const main = async (file: string, reference: string, target: string): Promise<void> => {
  const began = performance.now()
  const events = eventRows(join(reference, 'events.db'))
  const readModel = insertInThread({
    reference: join(reference, 'read-model.db'),
    target: join(target, 'read-model.db'),
    indexes: 'first',
  })
  await readModel.ready
  const preparing = (performance.now() - began) / 1000

  readModel.start()
  importEvents(file, join(target, 'events.db'), events)
  await readModel.done
  process.stdout.write(JSON.stringify({ preparing }))
}

const [file = '', reference = '', target = ''] = process.argv.slice(2)
await main(file, reference, target)
