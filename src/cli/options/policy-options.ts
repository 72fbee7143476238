/** Whom a check trusts: `--key VKEY` or `--policy FILE`. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Policy, policyOf, policyOfKey } from '../../trust/verify/policy.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'

export type PolicyOptions = Readonly<{ key?: string; policy?: string }>

export const withPolicy = (command: Command): Command =>
  command
    .option('--key <vkey>', 'the verifier key of the log, from somebody who does not run it')
    .option('--policy <file>', 'a policy: the keys of the log by size, and the witnesses that must have cosigned')

/** The policy; null where none is given. */
export const policyFrom = ({ key, policy: path }: PolicyOptions): TE.TaskEither<CliFailure, Policy | null> => {
  if (key !== undefined && path !== undefined) return TE.left(usage('give --key or --policy, not both'))
  if (key !== undefined)
    return pipe(
      () => policyOfKey(key),
      TE.mapLeft(({ detail }) => usage(`--key ${detail}`)),
    )
  if (path === undefined) return TE.right(null)
  return pipe(
    E.tryCatch(
      (): unknown => JSON.parse(readFileSync(path, 'utf8')),
      (error) => usage(`--policy ${path} cannot be read: ${(error as Error).message}`),
    ),
    TE.fromEither,
    TE.flatMap((json) =>
      pipe(
        () => policyOf(json),
        TE.mapLeft(({ detail }) => usage(`--policy ${path}: ${detail}`)),
      ),
    ),
  )
}

const usage = (line: string): CliFailure => cliFailure(EXIT.usage, line)
