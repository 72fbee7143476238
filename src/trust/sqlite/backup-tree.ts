/** A copy of the tree while it grows: one file, of one moment. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'

export type TreeNotCopied = Readonly<{ _tag: 'TreeNotCopied'; detail: string }>

/** Copies the tree at `path` to `out`, which is replaced whole once the copy is on the disk. Returns how many leaves it has. */
export const backUpTree = (path: string, out: string): E.Either<TreeNotCopied, number> => {
  const part = `${out}.part`
  return E.tryCatch(
    () => {
      rmSync(part, { force: true })
      // Made first, so that nobody else can read it.
      closeSync(openSync(part, 'wx', 0o600))
      const tree = new DatabaseSync(path, { readOnly: true })
      try {
        tree.prepare('VACUUM INTO ?').run(part)
      } finally {
        tree.close()
      }
      const copied = new DatabaseSync(part, { readOnly: true })
      try {
        const { size } = copied.prepare('SELECT size FROM tree').get() as { size: number }
        sync(part)
        renameSync(part, out)
        sync(dirname(out))
        return size
      } finally {
        copied.close()
      }
    },
    (error): TreeNotCopied => {
      rmSync(part, { force: true })
      return { _tag: 'TreeNotCopied', detail: (error as Error).message }
    },
  )
}

const sync = (path: string): void => {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
