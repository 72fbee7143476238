/** A supervised catch-up subscription: whatever fails, it begins again from the checkpoint. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Batch, EventStore, Position } from '../../event-store/event-store.ts'
import type { ProjectorLog } from './projector.ts'

export type Following = Readonly<{
  store: EventStore
  /** For the log. */
  name: string
  /** What was done before each beginning, such as forgetting what was not written. Answers where to begin. */
  begin: () => Promise<Position>
  onBatch: (batch: Batch) => Promise<void>
  /** Ends it, after the batch under way. */
  signal: AbortSignal
  log: ProjectorLog
}>

// The wait doubles with every failure in a row; the jitter keeps those that failed together apart.
const BACKOFF = { firstMs: 100, longestMs: 5_000, jitter: 0.5 } as const

// More events a batch cost latency, fewer throughput.
const BATCH_SIZE = 1_024

export const followLog = (following: Following): Promise<void> =>
  keepTrying(following, async (progressed) => {
    const { store, begin, onBatch, signal } = following
    const from = await begin()
    for await (const batch of store.subscribe({ from, signal, batchSize: BATCH_SIZE })) {
      await onBatch(batch)
      progressed()
      if (signal.aborted) return
    }
    if (!signal.aborted) throw new Error('the subscription ended')
  })

/** Until `attempt` ends or `signal` aborts: where it throws, it is made again after a wait, the shorter where it has told progress. */
export const keepTrying = async (
  { name, signal, log }: Pick<Following, 'name' | 'signal' | 'log'>,
  attempt: (progressed: () => void) => Promise<void>,
): Promise<void> => {
  for (let failures = 0; !signal.aborted; ) {
    try {
      return await attempt(() => {
        failures = 0
      })
    } catch (error) {
      if (signal.aborted) return
      const wait = backoff(failures)
      failures += 1
      log({ level: 'error', message: `${name}: begins again in ${wait} ms: ${detailOf(error)}` })
      await delay(wait, undefined, { signal }).catch(() => undefined)
    }
  }
}

const backoff = (failures: number): number =>
  Math.round(Math.min(BACKOFF.longestMs, BACKOFF.firstMs * 2 ** failures) * (1 - BACKOFF.jitter * Math.random()))

const detailOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))
