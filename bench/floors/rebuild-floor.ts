/**
 * The floor of `projections rebuild`: read the events and JSON.parse them, and in a second thread insert the same rows
 * 512 a transaction and make the indexes last. `node rebuild-floor.ts REFERENCE TARGET`: REFERENCE is a ledger. The rows of its read model are read first.
 * How long that took is printed, so that it can be left out, and how long the work itself took.
 */
import { join } from 'node:path'
import { insertInThread } from './insert-in-thread.ts'
import { openLog } from './ledger-rows.ts'

const EVENTS_A_READ = 1024

const parseEvents = (path: string): void => {
  const log = openLog(path, 'read')
  const after = log.prepare(
    'SELECT position, stream, revision, type, data, metadata FROM events WHERE position > ? ORDER BY position LIMIT ?',
  )
  after.setReturnArrays(true)
  for (let position = 0; ; ) {
    const rows = after.all(position, EVENTS_A_READ) as unknown as [number, string, number, string, string, string][]
    for (const [, , , , data, metadata] of rows) {
      JSON.parse(data)
      JSON.parse(metadata)
    }
    const last = rows.at(-1)
    if (last === undefined) break
    position = last[0]
  }
  log.close()
}

const main = async (reference: string, target: string): Promise<void> => {
  const began = performance.now()
  const readModel = insertInThread({
    reference: join(reference, 'read-model.db'),
    target: join(target, 'read-model.db'),
    indexes: 'last',
  })
  await readModel.ready
  const prepared = performance.now()

  readModel.start()
  parseEvents(join(reference, 'events.db'))
  await readModel.done
  const seconds = (performance.now() - prepared) / 1000
  process.stdout.write(JSON.stringify({ preparing: (prepared - began) / 1000, seconds }))
}

const [reference = '', target = ''] = process.argv.slice(2)
await main(reference, target)
