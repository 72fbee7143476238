/** What the subcommands share of the terminal: output, progress bars, signals. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

export type Progress = Readonly<{
  update: (value: number) => void
  /** A line on standard error, above the bar. */
  remark: (line: string) => void
  stop: () => void
}>

/** A line on standard output. */
export const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

export const sayJson = (value: unknown): void => say(JSON.stringify(value))

/** Text on standard output. Waits until its reader can take more, or `signal` aborts: nothing is gathered for a slow one. */
export const print = async (text: string, signal: AbortSignal, output: Writable = process.stdout): Promise<void> => {
  if (!output.write(text)) await once(output, 'drain', { signal }).catch(() => undefined)
}

/** 1,234,567 */
export const count = (value: number): string => value.toLocaleString('en')

/** "1 line", "2 lines" */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

/** Text from outside on a terminal: what would move its cursor, change its colours or turn its writing round is shown escaped. */
export const shown = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** A line on standard error, where it is no part of the answer. It may tell of what came from outside. */
export const remark = (line: string): void => {
  process.stderr.write(`${shown(line)}\n`)
}

/** A progress bar on a terminal; nothing in a pipe, or where the total is not known. */
export const progressBar = async (title: string, total: number | null): Promise<Progress> => {
  if (!process.stderr.isTTY || total === null || total === 0) return { update: () => {}, remark, stop: () => {} }
  const { Presets, SingleBar } = await import('cli-progress')
  const bar = new SingleBar(
    { format: `${title} [{bar}] {percentage}% | {eta_formatted} left`, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  )
  let done = 0
  bar.start(total, done)
  return {
    update: (value) => {
      done = Math.min(value, total)
      bar.update(done)
    },
    remark: (line) => {
      bar.stop()
      remark(line)
      bar.start(total, done)
    },
    stop: () => bar.stop(),
  }
}

export type Interruption = Readonly<{
  /** Aborts on the first SIGINT or SIGTERM. */
  signal: AbortSignal
  /** Which it was, null before. */
  by: () => NodeJS.Signals | null
  /** Leaves signals to the system again. After one, what still waits for a store keeps the process only for a moment. */
  release: () => void
}>

/** The first signal asks to finish what is under way; a second one ends the process at once. */
export const interruption = (): Interruption => {
  const controller = new AbortController()
  let by: NodeJS.Signals | null = null
  const onSignal = (signal: NodeJS.Signals): void => {
    if (by !== null) process.exit(statusOf(signal))
    by = signal
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    by: () => by,
    release: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      if (by !== null) setTimeout(() => process.exit(), LEAVE_MS).unref()
    },
  }
}

const LEAVE_MS = 500

/** As shells have it: 128 and the signal's number. */
export const statusOf = (signal: NodeJS.Signals): number => (signal === 'SIGTERM' ? 143 : 130)

/** Waits for `signal` to abort. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
