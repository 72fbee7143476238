/** Opens the audit trail for reading, and says so where it is not what the log holds. */
import type { LedgerConfig } from '../config.ts'
import { type EventStore, START } from '../event-store/event-store.ts'
import type { ReadModel } from '../read-model/read-model.ts'
import type { Outcome } from './outcome.ts'
import { counted, remark } from './terminal.ts'

/**
 * `use` gets the read model, beside whoever keeps it, and how many events the log holds, null where that is not known. Where
 * the read model is behind the log a line on standard error says by how much.
 */
export const withTrail = async (
  config: LedgerConfig,
  use: (readModel: ReadModel, events: number | null) => Promise<Outcome>,
): Promise<Outcome> => {
  const { openLog, openTables } = await import('./open-ledger.ts')
  // First: an answer is as good as the log that it is measured against, and a log that is not there is the first to be told.
  const log = await openLog(config)
  if (log._tag === 'Left') return log
  const readModel = await openTables(config)
  if (readModel._tag === 'Left') {
    await log.right.close()
    return readModel
  }
  const all = await log.right.backlog(START)()
  await remarkOnLag(log.right, readModel.right)
  await log.right.close()
  const outcome = await use(readModel.right, all._tag === 'Right' ? all.right.events : null)
  await readModel.right.close()
  return outcome
}

const remarkOnLag = async (log: EventStore, readModel: ReadModel): Promise<void> => {
  const head = await log.headPosition()()
  // One that is kept up to date is never behind for long.
  if (head._tag === 'Right' && (await readModel.waitFor(head.right, PATIENCE_MS))) return
  const missing = await log.backlog(readModel.position())()
  if (missing._tag === 'Left') remark(`run-ledger: the log does not answer, so the read model may lack its last events`)
  else
    remark(
      `run-ledger: the read model lacks the last ${counted(missing.right.events, 'event')} of the log: \`run-ledger serve\` brings it up to date`,
    )
}

const PATIENCE_MS = 300
