/** Positions as the tables hold them: the row's number, half the space of the text, and the order in which they came. */
import type { Position } from '../../event-store/event-store.ts'

/** Positions beyond 2^53, which no log of either store has, are after all others. */
export const numberOf = (position: Position): number => Math.min(Number(position), Number.MAX_SAFE_INTEGER)
