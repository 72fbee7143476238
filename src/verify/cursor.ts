/** Reads rows of a snapshot one by one. */
import type { TableRow, TableRows } from '../read-model/snapshot.ts'

export type Cursor = Readonly<{
  /** The row it stands at, null after the last and where the rest cannot be read. */
  row: () => TableRow | null
  /** False where the rest cannot be read. */
  isWhole: () => boolean
  next: () => Promise<void>
}>

/** A cursor at the first of `rows`. Damage is passed to `onDamage` once. */
export const cursorOf = async (rows: TableRows, onDamage: (detail: string) => void): Promise<Cursor> => {
  let lot: readonly TableRow[] = []
  let at = -1
  let isWhole = true
  let isOver = false

  const next = async (): Promise<void> => {
    at += 1
    while (at >= lot.length && !isOver) {
      const read = await rows.next()
      at = 0
      lot = read.done === true ? [] : read.value
      isOver = read.done === true
      if (read.done === true && read.value !== null) {
        isWhole = false
        onDamage(read.value)
      }
    }
  }

  await next()
  return { row: () => lot[at] ?? null, isWhole: () => isWhole, next }
}
