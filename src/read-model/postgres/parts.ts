/** The parts that runs are divided into, so that many processes can project them. */
import { hash } from 'node:crypto'

/** For ever: the rows of a run name its part. */
export const PARTS = 64

/** The part of a run. */
export const partOf = (run_id: string): number => Number.parseInt(hash('sha256', run_id).slice(0, 2), 16) & (PARTS - 1)

/** Notified by projectors when parts have moved, so that anyone who waits for a position looks again. */
export const MOVED_CHANNEL = 'run_ledger_parts_moved'
