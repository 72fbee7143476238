/** Opens the audit trail for reading, and says so where it is not what the log holds. */
import type { LedgerConfig } from '../config.ts'
import type { EventStore, Position } from '../event-store/event-store.ts'
import type { ReadModel } from '../read-model/read-model.ts'
import type { Outcome } from './outcome.ts'
import { counted, remark } from './terminal.ts'

/** Of the log when it was opened: how many events it holds, the position of its last, and its identity; null where unknown. */
type LogExtent = Readonly<{ events: number | null; head: Position; id: string | null }>

/**
 * `use` gets the read model, beside whoever keeps it. Where that is behind the log a line on standard error says by how
 * much.
 */
export const withTrail = async (
  config: LedgerConfig,
  use: (readModel: ReadModel, log: LogExtent) => Promise<Outcome>,
): Promise<Outcome> => {
  const [{ eventsIn, openLog, openTables }, { ledgerIdOf }] = await Promise.all([
    import('./open-ledger.ts'),
    import('../event-store/ledger-id.ts'),
  ])
  // First: an answer is as good as the log that it is measured against, and a log that is not there is the first to be told.
  const log = await openLog(config)
  if (log._tag === 'Left') return log
  const readModel = await openTables(config)
  if (readModel._tag === 'Left') {
    await log.right.close()
    return readModel
  }
  const events = await eventsIn(log.right)
  const head = await log.right.headPosition()()
  const id = await ledgerIdOf(log.right)()
  await remarkOnLag(log.right, readModel.right, head._tag === 'Right' ? head.right : null)
  await log.right.close()
  const outcome = await use(readModel.right, {
    events,
    head: head._tag === 'Right' ? head.right : readModel.right.position(),
    id: id._tag === 'Right' ? id.right : null,
  })
  await readModel.right.close()
  return outcome
}

const remarkOnLag = async (log: EventStore, readModel: ReadModel, head: Position | null): Promise<void> => {
  // One that is kept up to date is never behind for long.
  if (head !== null && (await readModel.waitFor(head, PATIENCE_MS))) return
  const missing = await log.backlog(readModel.position())()
  if (missing._tag === 'Left') remark(`run-ledger: the log does not answer, so the read model may lack its last events`)
  else
    remark(
      `run-ledger: the read model lacks the last ${counted(missing.right.events, 'event')} of the log: \`run-ledger serve\` brings it up to date`,
    )
}

const PATIENCE_MS = 300
