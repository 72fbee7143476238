/** Asking again from time to time, for what no event announces. */
import { useEffect, useRef } from 'preact/hooks'

const PERIOD_MS = 10_000

/** Calls `ask` every 10 s while the page can be seen. */
export const usePoll = (ask: () => void): void => {
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') latest.current()
    }, PERIOD_MS)
    return () => clearInterval(timer)
  }, [])
}
