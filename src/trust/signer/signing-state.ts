/** What a log has signed last, in a file beside its key: a second tree can never be signed by mistake. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { fromBase64, toBase64 } from '../formats/bytes.ts'
import type { Checkpoint } from '../formats/checkpoint.ts'

export type StateUnusable = Readonly<{ _tag: 'StateUnusable'; path: string; detail: string }>

/** The tree that was signed last; null where there is no file yet. */
export const readSigningState = (path: string): Either<StateUnusable, Checkpoint | null> => {
  if (!existsSync(path)) return right(null)
  try {
    const { origin, size, root } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    const hash = typeof root === 'string' ? fromBase64(root) : null
    if (typeof origin === 'string' && Number.isSafeInteger(size) && hash?.length === 32)
      return right({ origin, size: size as number, root: hash })
    return unusable(path, 'it is no state of a signer')
  } catch (error) {
    return unusable(path, (error as Error).message)
  }
}

/** Returns once the state is on disk: only then may a checkpoint of it be published. Throws where it cannot be written. */
export const writeSigningState = (path: string, { origin, size, root }: Checkpoint): void => {
  const fresh = `${path}.new`
  const file = openSync(fresh, 'w', 0o600)
  try {
    writeSync(file, `${JSON.stringify({ origin, size, root: toBase64(root) })}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(fresh, path)
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

const unusable = (path: string, detail: string) => left({ _tag: 'StateUnusable' as const, path, detail })
