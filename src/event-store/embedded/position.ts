/** Positions of the embedded log: the row's number as 20 digits. */
import type { Position } from '../event-store.ts'

const ZEROS = Array.from({ length: 21 }, (_, digits) => '0'.repeat(20 - digits))

// padStart takes twice the time, and every event that is read needs one.
export const positionOf = (row: number): Position => {
  const digits = String(row)
  return ZEROS[digits.length] + digits
}

export const rowOf = (position: Position): number => Number(position)
