/** How long the adapter waits for EventStoreDB, and how much it holds meanwhile. */
import type { Backoff } from '../../lib/backoff.ts'

export type Limits = Readonly<{
  /** An append is answered within this time, in ms, connecting included; then its outcome is unknown. */
  appendWithin: number
  /** A page is read within this time, in ms. */
  readWithin: number
  /** The store is opened within this time, in ms. */
  openWithin: number
  /** What certainly never reached the server, and every read, is tried again for this long, in ms. */
  retryWithin: number
  /** A subscription that heard nothing for this long, in ms, asks whether the server is still there. */
  quietAfter: number
  /** Between two tries. */
  backoff: Backoff
}>

export const LIMITS: Limits = {
  appendWithin: 4_000,
  readWithin: 4_000,
  openWithin: 5_000,
  retryWithin: 1_000,
  quietAfter: 3_000,
  backoff: { minDelay: 12, maxDelay: 1_000 },
}
