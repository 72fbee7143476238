/** Waiting for a store, or a server, that does not answer: until it does, or for too long. */
import { sleep } from '../lib/abortable.ts'
import { type Backoff, backoff } from '../lib/backoff.ts'

/** With the wait between two tries. */
export type Patience = Backoff &
  Readonly<{
    /** It is given up after so long without any final answer, in ms. */
    within: number
  }>

/** Long enough for a node that is restarted or changes its leader, short enough for whoever waits for the end. */
export const PATIENCE: Patience = { within: 120_000, minDelay: 250, maxDelay: 2_000 }

export type Waiting = Readonly<{
  patience: Patience
  /** Told why when there is no answer, once, and null when there is one again. */
  onSilence: (detail: string | null) => void
  /** Ends the waiting. */
  signal: AbortSignal
}>

export const QUIETLY: Waiting = { patience: PATIENCE, onSilence: () => undefined, signal: new AbortController().signal }

export type Silence = Readonly<{
  /** Something got its final answer. */
  broken: () => void
  /** Waits for the next try, at least `atLeast` ms; false where there shall be none. */
  outlasts: (detail: string, atLeast?: number) => Promise<boolean>
}>

export const silence = ({ patience, onSilence, signal }: Waiting): Silence => {
  let since: number | null = null
  let tries = 0
  return {
    broken: () => {
      if (since !== null) onSilence(null)
      since = null
      tries = 0
    },
    outlasts: async (detail, atLeast = 0) => {
      if (since === null) {
        since = Date.now()
        onSilence(detail)
      }
      const wait = Math.max(atLeast, backoff(patience, tries))
      tries += 1
      if (Date.now() + wait - since >= patience.within) return false
      return sleep(wait, signal)
    },
  }
}

/** Aborts a little after `signal`: what is under way then may end by itself, and is left where it does not. */
export const soonAfter = (signal: AbortSignal): AbortSignal => {
  const soon = new AbortController()
  const begin = () => void setTimeout(() => soon.abort(), GRACE_MS).unref()
  if (signal.aborted) begin()
  else signal.addEventListener('abort', begin, { once: true })
  return soon.signal
}

const GRACE_MS = 2_000
