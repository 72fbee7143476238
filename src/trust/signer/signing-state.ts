/** What a log has signed last, in a file beside its key: a second tree can never be signed by mistake. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { fromBase64, toBase64 } from '../formats/bytes.ts'
import type { Checkpoint } from '../formats/checkpoint.ts'

export type StateUnusable = Readonly<{ _tag: 'StateUnusable'; path: string; detail: string }>

/** The state of the key in the file `keyPath`. */
export const signingStatePath = (keyPath: string): string => `${keyPath}.state`

/** The largest tree of those that the states at `paths` name: one for each key while two sign. Null where there is no file yet. */
export const readSigningStates = (paths: readonly string[]): E.Either<StateUnusable, Checkpoint | null> =>
  pipe(
    E.traverseArray(readState)(paths),
    E.map((states) =>
      states.reduce((largest, state) => ((state?.size ?? -1) > (largest?.size ?? -1) ? state : largest), null),
    ),
  )

const readState = (path: string): E.Either<StateUnusable, Checkpoint | null> => {
  if (!existsSync(path)) return E.right(null)
  try {
    const { origin, size, root } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    const hash = typeof root === 'string' ? fromBase64(root) : null
    if (typeof origin === 'string' && Number.isSafeInteger(size) && hash?.length === 32)
      return E.right({ origin, size: size as number, root: hash })
    return unusable(path, 'it is no state of a signer')
  } catch (error) {
    return unusable(path, (error as Error).message)
  }
}

/** Returns once the states are on disk: only then may a checkpoint of them be published. Throws where one cannot be written. */
export const writeSigningStates = (paths: readonly string[], state: Checkpoint): void => {
  for (const path of paths) writeState(path, state)
}

const writeState = (path: string, { origin, size, root }: Checkpoint): void => {
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

const unusable = (path: string, detail: string) => E.left({ _tag: 'StateUnusable' as const, path, detail })
