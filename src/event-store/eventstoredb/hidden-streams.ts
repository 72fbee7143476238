/** The streams whose events were hidden by their metadata since the store was opened. */
import { sleep } from '../../lib/abortable.ts'
import { backoff } from '../../lib/backoff.ts'
import type { Position } from '../event-store.ts'
import type { Connection } from './connection.ts'
import type { Limits } from './limits.ts'
import { isConnectionAtFault } from './read-call.ts'
import { openSubscriptionBuffer, type SubscriptionBuffer } from './subscription-buffer.ts'

export type HiddenStreams = Readonly<{
  /** Whether the last change of the stream's metadata hides events of it; false where there was none. */
  has: (stream: string) => boolean
}>

type Options = Readonly<{
  connection: Connection
  prefix: string
  limits: Limits
  /** Where the log ended when the store was opened. Reading a stream from its beginning also reads its metadata. */
  from: Position
  /** Ends it. */
  signal: AbortSignal
}>

/**
 * Follows the metadata of the store's streams, which change rarely: what was read while they were whole may be remembered
 * elsewhere, and must not be answered or appended to any more. After a lost connection it goes on where it was.
 */
export const followHiddenStreams = ({ connection, prefix, limits, from, signal }: Options): HiddenStreams => {
  const hidden = new Set<string>()
  let position = from
  let failures = 0

  const takeAll = (buffer: SubscriptionBuffer): void => {
    while (buffer.ready()) {
      const taken = buffer.take(Number.POSITIVE_INFINITY)
      for (const { stream, state } of taken.marks) {
        if (state === 'readable') hidden.delete(stream)
        else hidden.add(stream)
      }
      position = taken.position
      failures = 0
    }
  }
  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      const link = connection.link()
      const buffer = openSubscriptionBuffer(link, position, { prefix, events: false })
      while (buffer.failure() === null && !signal.aborted) {
        takeAll(buffer)
        await buffer.wait(A_LONG_TIME, signal)
      }
      takeAll(buffer)
      buffer.close()
      const failure = buffer.failure()
      if (failure !== null && isConnectionAtFault(failure)) connection.leave(link)
      await sleep(backoff(limits.backoff, failures), signal)
      failures += 1
    }
  }
  void follow()
  return { has: (stream) => hidden.has(stream) }
}

// In ms. The channel's keep-alive finds a connection that is dead.
const A_LONG_TIME = 3_600_000
