/** Standard output and standard error, either of which may be full, closed, or a pipe whose reader has gone. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

let failure: NodeJS.ErrnoException | null = null
const gone = new AbortController()

/** Where what is said and printed goes. */
let destination: Writable = process.stdout

/** Sends what is said and printed to `pager` until it is called with null. A pager that is left early is no failure. */
export const redirectOutput = (pager: Writable | null): void => {
  pager?.on('error', () => gone.abort())
  destination = pager ?? process.stdout
}

/** Aborts once nothing more can be written to standard output. */
export const outputGone: AbortSignal = gone.signal

/**
 * Keeps the process alive when an output fails. The first failure of standard output is kept for `takeOutputFailure`, and
 * what is printed from then on is dropped. A failure of standard error is ignored: there is nowhere left to report it.
 */
export const surviveBrokenOutput = (): void => {
  process.stdout.on('error', (error) => {
    failure ??= error
    gone.abort()
  })
  process.stderr.on('error', () => undefined)
}

/** Waits until standard output is written, and returns the code of its first failure (null: none), once. */
export const takeOutputFailure = async (): Promise<string | null> => {
  // A failed write is reported in the next turn; where none is under way, an empty one could fail where nothing was lost.
  if (!gone.signal.aborted)
    await new Promise((resolve) =>
      process.stdout.writableLength > 0 ? process.stdout.write('', resolve) : setImmediate(resolve),
    )
  const code = failure === null ? null : (failure.code ?? failure.message)
  failure = null
  return code
}

/** A reader that has seen enough, such as head(1), is no failure. */
export const READER_LEFT = 'EPIPE'

/** A line on standard output. */
export const say = (line: string): void => sayText(`${line}\n`)

/** Text on standard output, with its own line ends. */
export const sayText = (text: string): void => {
  if (!gone.signal.aborted) destination.write(text)
}

export const sayJson = (value: unknown): void => say(JSON.stringify(value))

/** Text on standard output. Waits until its reader can take more, or `signal` aborts, so that nothing piles up for a slow one. */
export const print = async (text: string, signal: AbortSignal, output: Writable = destination): Promise<void> => {
  if (!signal.aborted && !output.write(text)) await once(output, 'drain', { signal }).catch(() => undefined)
}

/** A line on standard error: what is no part of the answer. It may quote text from outside. */
export const remark = (line: string): void => {
  process.stderr.write(`${shown(line)}\n`)
}

/** Text from outside, for a terminal: escapes what would move its cursor, change its colours or reverse its text. */
export const shown = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
