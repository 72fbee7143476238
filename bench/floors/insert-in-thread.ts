/** Lets a floor use the second core as the ledger does: rows of one file are inserted by a thread of their own. */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { insertRows, openEmptyReadModel, readModelRows } from './ledger-rows.ts'

type Task = Readonly<{ reference: string; target: string; indexes: 'first' | 'last' }>

export type Inserting = Readonly<{
  /** Resolves once the rows to insert are in the thread's memory. */
  ready: Promise<unknown>
  /** Begins to insert. */
  start: () => void
  /** Resolves once all rows and indexes are in the file. */
  done: Promise<unknown>
}>

/** Inserts the rows of the read model at `reference` into an empty one at `target`. */
export const insertInThread = (task: Task): Inserting => {
  const worker = new Worker(new URL(import.meta.url), { workerData: task })
  return { ready: once(worker, 'message'), start: () => worker.postMessage('start'), done: once(worker, 'exit') }
}

const insertAll = async ({ reference, target, indexes: when }: Task): Promise<void> => {
  const { tables, indexes } = readModelRows(reference)
  parentPort?.postMessage('ready')
  if (parentPort !== null) await once(parentPort, 'message')
  const readModel = openEmptyReadModel(target)
  const makeIndexes = () => {
    for (const index of indexes) readModel.exec(index)
  }
  if (when === 'first') makeIndexes()
  for (const [table, rows] of tables) insertRows(readModel, table, rows)
  if (when === 'last') makeIndexes()
  readModel.close()
  parentPort?.close()
}

if (!isMainThread) await insertAll(workerData as Task)
