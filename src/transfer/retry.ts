/** RetryOptions for a store, or a server, that does not answer: until it does, or for too long. */
import { sleep } from '../lib/abortable.ts'
import { type Backoff, backoff } from '../lib/backoff.ts'

/** How long to wait between two tries, and when to give up. */
export type RetryPolicy = Backoff &
  Readonly<{
    /** In ms without a single final answer. */
    giveUpAfter: number
  }>

/** Long enough for a node that restarts or a change of leader, short enough for a person who waits. */
export const RETRY_POLICY: RetryPolicy = { giveUpAfter: 120_000, minDelay: 250, maxDelay: 2_000 }

export type RetryOptions = Readonly<{
  policy: RetryPolicy
  /** Called once with the reason when there is no answer, and with null when there is one again. */
  onOutage: (detail: string | null) => void
  /** Ends the retries. */
  signal: AbortSignal
}>

export const QUIET_RETRY: RetryOptions = {
  policy: RETRY_POLICY,
  onOutage: () => undefined,
  signal: new AbortController().signal,
}

export type Retry = Readonly<{
  /** Something got its final answer. */
  succeeded: () => void
  /** Waits for the next try, at least `atLeast` ms; false where there is to be none. */
  waitAfter: (detail: string, atLeast?: number) => Promise<boolean>
}>

/** Counts the tries of one piece of work. */
export const createRetry = ({ policy, onOutage, signal }: RetryOptions): Retry => {
  let since: number | null = null
  let tries = 0
  return {
    succeeded: () => {
      if (since !== null) onOutage(null)
      since = null
      tries = 0
    },
    waitAfter: async (detail, atLeast = 0) => {
      if (since === null) {
        since = Date.now()
        onOutage(detail)
      }
      const wait = Math.max(atLeast, backoff(policy, tries))
      tries += 1
      if (Date.now() + wait - since >= policy.giveUpAfter) return false
      return sleep(wait, signal)
    },
  }
}

/** Aborts two seconds after `signal`: what is under way may end by itself until then. */
export const graceAfter = (signal: AbortSignal): AbortSignal => {
  const soon = new AbortController()
  const begin = () => void setTimeout(() => soon.abort(), GRACE_MS).unref()
  if (signal.aborted) begin()
  else signal.addEventListener('abort', begin, { once: true })
  return soon.signal
}

const GRACE_MS = 2_000
