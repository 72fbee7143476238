/** The files that access is configured with. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { SEAL_KEY_BYTES } from '../../access/sessions.ts'
import { type UsageFailure, usageFailure } from '../../config.ts'

/** The text of the file at `path`, which `flag` names. */
export const readGivenFile = (flag: string, path: string): E.Either<UsageFailure, string> =>
  E.tryCatch(
    () => readFileSync(path, 'utf8'),
    (error) => usageFailure(`${flag} ${path} cannot be read (${codeOf(error)})`),
  )

/**
 * The key in the file at `path`, which is made where it is missing, for its owner alone. Without a path a new key: sessions
 * then end with the process.
 */
export const sessionKeyAt = (path: string | undefined): E.Either<UsageFailure, Uint8Array> => {
  const fresh = randomBytes(SEAL_KEY_BYTES)
  if (path === undefined) return E.right(fresh)
  return pipe(
    E.tryCatch(
      () => {
        try {
          writeFileSync(path, `${fresh.toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
        } catch (error) {
          if (codeOf(error) !== 'EEXIST') throw error
        }
        return Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url')
      },
      (error) => usageFailure(`--session-key ${path} can be neither read nor made (${codeOf(error)})`),
    ),
    E.filterOrElse(
      (key) => key.length === SEAL_KEY_BYTES,
      () =>
        usageFailure(`--session-key ${path} must hold ${SEAL_KEY_BYTES} bytes in base64url: delete it to have it made`),
    ),
  )
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
