/** `--policies`: the file of the policies that clients of Lineart know. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type UsageFailure, usageFailure } from '../../config.ts'
import { type LineartPolicies, NO_POLICIES, policiesIn } from '../../http/lineart/policies.ts'
import { withVariable } from './options.ts'

export type PoliciesFlag = Readonly<{ policies?: string }>

export const withPolicies = (command: Command): Command =>
  command.addOption(
    withVariable(
      '--policies <file>',
      'the policies that clients of Lineart know, with their versions, as JSON',
      'RUN_LEDGER_POLICIES',
    ),
  )

/** None where there is no file. UsageFailure for one that cannot be read, or is wrong, by the place in it. */
export const policiesOf = ({ policies: path }: PoliciesFlag): E.Either<UsageFailure, LineartPolicies> =>
  path === undefined
    ? E.right(NO_POLICIES)
    : pipe(
        E.tryCatch(
          () => readFileSync(path),
          (error) => `cannot be read (${error instanceof Error && 'code' in error ? error.code : error})`,
        ),
        E.flatMap(policiesIn),
        E.mapLeft((why) => usageFailure(`--policies ${path}: ${why}`)),
      )
