/** Events that were projected, for anyone who traces them: nothing is published while nobody subscribes. */
import { channel } from 'node:diagnostics_channel'
import type { StoredEvent } from '../../event-store/event-store.ts'

/** The events of one commit; `began`: when their folding did, in ms since 1970. */
export type Projected = Readonly<{ events: readonly StoredEvent[]; began: number }>

export const projected = channel('run-ledger:projected')
