/** The thread that moves the write-ahead log into the file, `workerData`. */
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')

const database = new DatabaseSync(workerData as string)
// PASSIVE waits for nobody, and nobody waits for it (SQLite documentation, "PRAGMA wal_checkpoint").
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')

port.on('message', (message: 'checkpoint' | 'stop') => {
  if (message === 'stop') {
    database.close()
    return port.close()
  }
  checkpoint.get()
  port.postMessage(null)
})
