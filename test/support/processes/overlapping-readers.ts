/** A worker thread that reads the log of its `workerData` through two connections in turns: one always reads. */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

const readers = [0, 1].map(() => new DatabaseSync(workerData, { readOnly: true }))
const begin = (reader: DatabaseSync) => reader.exec('BEGIN; SELECT max(position) FROM events')

for (const reader of readers) begin(reader)
parentPort?.postMessage('reading')
for (;;)
  for (const reader of readers) {
    await setTimeout(2)
    reader.exec('COMMIT')
    begin(reader)
  }
