/** What the subcommands of `trust` are given: a key, a file. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { type CliFailure, cliFailure, EXIT } from '../../outcome.ts'

/** The path of the one signing key. */
export const oneKeyOf = (paths: readonly string[] = []): E.Either<CliFailure, string> =>
  paths.length === 1 && paths[0] !== undefined
    ? E.right(paths[0])
    : E.left(cliFailure(EXIT.usage, 'give one --signing-key FILE'))

export const readText = (path: string): E.Either<CliFailure, string> =>
  E.tryCatch(
    () => readFileSync(path, 'utf8'),
    (error) => cliFailure(EXIT.usage, `${path} cannot be read: ${(error as Error).message}`),
  )
