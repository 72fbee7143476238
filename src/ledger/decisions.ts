/** Decisions on commands, for anyone who traces them: nothing is published while nobody subscribes. */
import { tracingChannel } from 'node:diagnostics_channel'

/** Of which run, and in which traces its commands came. */
export type Decision = { readonly run_id: string }

export const decisions = tracingChannel<Decision>('run-ledger:decide')
