/** Checkpoints as files in a directory that is kept elsewhere: each is written once, and never again. */
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { SignedCheckpoint } from '../tree/tree-store.ts'

/** Sorted by name they are sorted by size. Throws where it cannot be written. */
export const fileCheckpoint = (directory: string, { size, note, signed_at }: SignedCheckpoint): void => {
  mkdirSync(directory, { recursive: true })
  const name = `${String(size).padStart(16, '0')}-${signed_at.replaceAll(/[-:]/g, '')}.checkpoint`
  // Fails where it is there: nothing that was written is written again.
  const file = openSync(join(directory, name), 'wx', 0o644)
  try {
    writeSync(file, note)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
