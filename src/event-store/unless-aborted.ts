/** Waiting that a signal ends. */

/** What `work` comes to, null where `signal` aborts first. Leaves no listener on the signal. */
export const unlessAborted = <A>(work: Promise<A>, signal: AbortSignal): Promise<A | null> =>
  new Promise((resolve, reject) => {
    const up = () => resolve(null)
    signal.addEventListener('abort', up)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', up))
    if (signal.aborted) up()
  })
