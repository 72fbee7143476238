/** What both kinds of import tell whoever waits for them. */
import type { ProjectorLog } from '../read-model/projector/projector.ts'
import { EXIT, failed, type Outcome } from './outcome.ts'
import { type Interruption, type Progress, remark, statusOf } from './terminal.ts'

export const AGAIN = 'run the same command again to go on: what is stored is not stored twice'

/** That a store, or a server, is waited for, and that it answers again. */
export const tellSilence =
  (bar: Progress) =>
  (detail: string | null): void =>
    bar.remark(detail === null ? 'it answers again' : `no answer, waiting for it: ${detail}`)

/** What goes wrong with the projector, in one line: it goes on trying, and the import waits for it. */
export const tellTrouble: ProjectorLog = ({ level, message }) => {
  if (level !== 'info') remark(message.slice(0, `${message}\n`.indexOf('\n')))
}

/** The end of an import whose events are stored and cannot be seen yet. */
export const lagging = (why: string, stop: Interruption): Outcome => {
  const signal = stop.by()
  return failed(
    signal === null ? EXIT.store : statusOf(signal),
    `everything is stored, but the read model lags: ${why}`,
    'it goes on where it is when a server starts, or the same command is run again',
  )
}
