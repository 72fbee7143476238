/** A progress bar on a terminal; nothing in a pipe. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { CliFailure } from '../outcome.ts'
import { remark } from './output.ts'

export type Progress = Readonly<{
  update: (value: number) => void
  /** A line on standard error, above the bar. */
  remark: (line: string) => void
  /** Removes the bar. A second call does nothing. */
  stop: () => void
}>

/** Runs `use` with a bar, which is removed at its end. There is no bar where `total` is null or 0. */
export const withProgress = <A>(
  title: string,
  total: number | null,
  use: (bar: Progress) => TE.TaskEither<CliFailure, A>,
): TE.TaskEither<CliFailure, A> =>
  TE.bracket(
    TE.fromTask(() => progressBar(title, total)),
    use,
    (bar) => TE.fromIO(bar.stop),
  )

const progressBar = async (title: string, total: number | null): Promise<Progress> => {
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
