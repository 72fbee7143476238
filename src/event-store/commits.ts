/** Commits of the embedded store, for metrics: nothing is published while nobody subscribes. */
import { channel } from 'node:diagnostics_channel'

/** `appends`: how many were stored together. */
export type Commit = Readonly<{ appends: number }>

export const commits = channel('run-ledger:commits')
