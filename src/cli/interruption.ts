/** SIGINT, SIGTERM and SIGHUP: the first asks to finish what is under way. */
import { constants } from 'node:os'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { CliFailure } from './outcome.ts'

export type Interruption = Readonly<{
  /** Aborts on the first signal. */
  signal: AbortSignal
  /** The signal that came, null before. */
  by: () => NodeJS.Signals | null
  /** Leaves signals to the system again. */
  release: () => void
}>

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs `use` with the signals caught. */
export const interruptible = <A>(
  use: (stop: Interruption) => TE.TaskEither<CliFailure, A>,
  signals: readonly NodeJS.Signals[] = SIGNALS,
): TE.TaskEither<CliFailure, A> =>
  TE.bracket(
    TE.fromIO(() => catchSignals(signals)),
    use,
    (stop) => TE.fromIO(stop.release),
  )

/** The first signal asks to finish what is under way; a second one ends the process at once. */
const catchSignals = (signals: readonly NodeJS.Signals[]): Interruption => {
  const controller = new AbortController()
  let by: NodeJS.Signals | null = null
  const onSignal = (signal: NodeJS.Signals): void => {
    if (by !== null) process.exit(statusOf(signal))
    by = signal
    isInterrupted = true
    controller.abort()
  }
  for (const name of signals) process.on(name, onSignal)
  return {
    signal: controller.signal,
    by: () => by,
    release: () => {
      for (const name of signals) process.off(name, onSignal)
    },
  }
}

let isInterrupted = false

/**
 * To be called once the exit status is set. After a signal, a store that does not answer and output that nobody reads keep the
 * process only for a moment more.
 */
export const leaveSoonAfterSignal = (): void => {
  if (isInterrupted) setTimeout(() => process.exit(), LEAVE_MS).unref()
}

const LEAVE_MS = 500

/** As shells have it: 128 and the signal's number. */
export const statusOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

/** Waits for `signal` to abort. */
export const aborted = (signal: AbortSignal): TE.TaskEither<never, void> =>
  TE.fromTask(
    () =>
      new Promise((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      }),
  )
