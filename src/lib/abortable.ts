/** Waiting that an AbortSignal can end. Neither function leaves a listener or a timer behind. */

/** Waits `ms` milliseconds. Returns true after the whole time, false as soon as `signal` aborts. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve(false)
    const end = (whole: boolean) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve(whole)
    }
    const onAbort = () => end(false)
    const timer = setTimeout(end, ms, true)
    signal?.addEventListener('abort', onAbort)
  })

/** The result of `work`, or null where `signal` aborts first. `work` itself goes on. */
export const unlessAborted = <Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | null> =>
  new Promise((resolve, reject) => {
    const onAbort = () => resolve(null)
    signal.addEventListener('abort', onAbort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  })
