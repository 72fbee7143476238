/** What both kinds of import say while they wait, and how they end. */

import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ProjectorLog } from '../read-model/projector/projector.ts'
import { openSource, type Source } from '../transfer/source.ts'
import { type Interruption, statusOf } from './interruption.ts'
import { type CliFailure, cliFailure, EXIT } from './outcome.ts'
import { remark } from './output/output.ts'
import type { Progress } from './output/progress.ts'

export const AGAIN = 'run the same command again to go on: nothing is stored twice'

/** Opens `file`, or standard input for `-`, for `use`. */
export const withSource = <A>(
  file: string,
  use: (source: Source) => TE.TaskEither<CliFailure, A>,
): TE.TaskEither<CliFailure, A> =>
  TE.bracket(
    pipe(
      openSource(file),
      TE.mapLeft(({ detail }) => cliFailure(EXIT.usage, detail)),
    ),
    use,
    ({ close }) => TE.fromIO(close),
  )

/** Says that a store, or a server, does not answer, and when it answers again. */
export const remarkOnOutage =
  (bar: Progress) =>
  (detail: string | null): void =>
    bar.remark(detail === null ? 'it answers again' : `no answer, waiting for it: ${detail}`)

/** The projector's faults, one line each: it goes on trying, and the import waits for it. */
export const remarkOnFaults: ProjectorLog = ({ level, message }) => {
  if (level !== 'info') remark(message.slice(0, `${message}\n`.indexOf('\n')))
}

/** The end of an import whose events are stored but not visible in the read model yet. */
export const lagging = (why: string, stop: Interruption): CliFailure => {
  const signal = stop.by()
  return cliFailure(
    signal === null ? EXIT.store : statusOf(signal),
    `everything is stored, but the read model lags: ${why}`,
    'it catches up when a server starts, or when the same command is run again',
  )
}
