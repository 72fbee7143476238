/** Renews a process's leases in a thread that does nothing else, so that no work of the projector delays it. */
import { parentPort, workerData } from 'node:worker_threads'
import { openPool } from '../connection.ts'
import { RENEW_MS, renew } from './leases.ts'

/** `sign`: a counter that moves while the projector's thread does its work. */
export type RenewalTask = Readonly<{ url: string; owner: string; sign: SharedArrayBuffer }>

const AGAIN_MS = 1_000
// An index over many millions of rows may keep the projector busy for long, but a thread that hangs must lose its parts.
const SILENT_MS = 60_000

const { url, owner, sign } = workerData as RenewalTask
const pool = openPool(url, {
  name: 'run-ledger leases',
  max: 1,
  statementTimeoutMs: RENEW_MS,
  answerTimeoutMs: RENEW_MS,
  idleInTransactionMs: RENEW_MS,
  onLost: () => undefined,
})

const counter = new Int32Array(sign)
let seen = -1
let seenAt = performance.now()

const isAlive = (): boolean => {
  const now = Atomics.load(counter, 0)
  if (now !== seen) {
    seen = now
    seenAt = performance.now()
  }
  return performance.now() - seenAt < SILENT_MS
}

const next = async (): Promise<void> => {
  let wait = RENEW_MS
  try {
    if (isAlive()) await renew(pool, owner)
  } catch {
    // The projector, which needs the database more often, says so.
    wait = AGAIN_MS
  }
  timer = setTimeout(next, wait)
}

let timer = setTimeout(next, RENEW_MS)

parentPort?.on('message', async () => {
  clearTimeout(timer)
  parentPort?.close()
  await pool.end()
})
