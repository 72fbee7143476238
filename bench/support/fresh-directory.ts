/** A directory of its own for each run, so that none finds what another one left. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../measure.ts'

/** Gives `use` a new directory, and removes it afterwards. */
export const inFreshDirectory = async <Result>(
  bench: Bench,
  use: (directory: string) => Promise<Result>,
): Promise<Result> => {
  const directory = mkdtempSync(join(bench.directory, 'data-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
