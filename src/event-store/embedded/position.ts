/** Positions of the embedded log: the row's number as 20 digits. */
import type { Position } from '../event-store.ts'

export const positionOf = (row: number): Position => String(row).padStart(20, '0')

export const rowOf = (position: Position): number => Number(position)
