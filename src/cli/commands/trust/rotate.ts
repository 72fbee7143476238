/** `run-ledger trust rotate`: another key signs the same log, and a policy says which key is trusted for which sizes. */
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { ledgerConfigOf } from '../../../config.ts'
import { ED25519, vkeyText } from '../../../trust/formats/note.ts'
import { newSigningKey } from '../../../trust/formats/private-key.ts'
import { signingStatePath } from '../../../trust/signer/signing-state.ts'
import { policyOf } from '../../../trust/verify/policy.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../../options/options.ts'
import { readSigningKey, withSigningKey } from '../../options/signing-options.ts'
import { type CliFailure, cliFailure, EXIT, failed, type Outcome, ofUsage } from '../../outcome.ts'
import { say, sayJson } from '../../output/output.ts'
import type { Declare } from '../../subcommand.ts'
import { oneKeyOf } from './arguments.ts'
import { writeKey } from './keygen.ts'
import { withSignedTree } from './signed-tree.ts'

type RotateOptions = CommonOptions &
  Readonly<{ signingKey?: readonly string[]; policy: string; out?: string; retire?: boolean }>

export const declareRotate: Declare = (command, ending) =>
  withJson(withLedgerOptions(withSigningKey(command)))
    .requiredOption('--policy <file>', 'the policy that anyone who checks proofs uses; made where it is missing')
    .option('--out <file>', 'make another key with the same name here')
    .option('--retire', 'end the use of --signing-key: it is trusted up to the newest checkpoint, and no further')
    .addHelpText(
      'after',
      `${examples(
        'run-ledger trust rotate --data ./ledger --signing-key old.key --out new.key --policy loans.policy.json',
        'run-ledger serve --data ./ledger --signing-key old.key --signing-key new.key',
        'run-ledger trust rotate --data ./ledger --signing-key old.key --retire --policy loans.policy.json',
        'run-ledger serve --data ./ledger --signing-key new.key',
      )}

Serve with both keys until everybody has the new policy. Then retire the old one, and delete it.`,
    )
    .action(ending(rotate))

type LogKeyText = { key: string; from?: number; to?: number }
type PolicyText = { log_keys: LogKeyText[] }

const rotate = (options: RotateOptions): Outcome =>
  (options.out === undefined) === (options.retire === undefined)
    ? failed(EXIT.usage, 'give --out FILE to make another key, or --retire to end the use of one')
    : pipe(
        TE.fromEither(ledgerConfigOf(options)),
        TE.mapLeft(ofUsage),
        TE.bindTo('config'),
        TE.bind('path', () => TE.fromEither(oneKeyOf(options.signingKey))),
        TE.bind('key', ({ path }) => pipe(readSigningKey(path), TE.mapLeft(ofUsage))),
        TE.let('vkey', ({ key }) => vkeyText(key.key.verifier)),
        TE.bind('size', ({ config }) => withSignedTree(config, ({ newest }) => TE.right(newest.size))),
        TE.bind('policy', ({ vkey }) => readPolicy(options.policy, vkey)),
        TE.bind('changed', ({ path, key, vkey, size, policy }) =>
          options.out === undefined
            ? TE.fromEither(retired(policy, vkey, size))
            : pipe(
                newKey(key.key.verifier.name, path, options.out),
                TE.map((next) => ({ ...policy, log_keys: [...policy.log_keys, { key: next, from: size + 1 }] })),
              ),
        ),
        TE.tapEither(({ changed }) => writePolicy(options.policy, changed)),
        TE.map(({ changed }) => {
          if (options.json) sayJson(changed)
          else
            for (const { key, from = 0, to } of changed.log_keys) say(`${key} from ${from} ${to ? `to ${to}` : 'on'}`)
          return EXIT.done
        }),
      )

const newKey = (name: string, oldPath: string, path: string): TE.TaskEither<CliFailure, string> =>
  pipe(
    () => newSigningKey(name, ED25519),
    TE.mapLeft(({ detail }) => cliFailure(EXIT.usage, detail)),
    TE.tapEither(({ text }) => writeKey(path, text)),
    // The new key must not sign a tree that the old one would refuse.
    TE.tapIO(() => () => {
      if (existsSync(signingStatePath(oldPath))) copyFileSync(signingStatePath(oldPath), signingStatePath(path))
    }),
    TE.map(({ verifier }) => vkeyText(verifier)),
  )

/** The policy in the file, or one of `vkey` alone where there is none. */
const readPolicy = (path: string, vkey: string): TE.TaskEither<CliFailure, PolicyText> => {
  if (!existsSync(path)) return TE.right({ log_keys: [{ key: vkey }] })
  return pipe(
    E.tryCatch(
      () => JSON.parse(readFileSync(path, 'utf8')) as PolicyText,
      (error) => cliFailure(EXIT.usage, `${path} cannot be read: ${(error as Error).message}`),
    ),
    TE.fromEither,
    TE.tap((json) =>
      pipe(
        () => policyOf(json),
        TE.mapLeft(({ detail }) => cliFailure(EXIT.usage, `${path}: ${detail}`)),
      ),
    ),
    TE.filterOrElse(
      ({ log_keys }) => log_keys.some(({ key }) => key === vkey),
      () => cliFailure(EXIT.usage, `${path} does not name --signing-key, ${vkey}`),
    ),
  )
}

const retired = (policy: PolicyText, vkey: string, to: number): E.Either<CliFailure, PolicyText> =>
  policy.log_keys.some(({ key, to: end }) => key !== vkey && end === undefined)
    ? E.right({ ...policy, log_keys: policy.log_keys.map((each) => (each.key === vkey ? { ...each, to } : each)) })
    : E.left(cliFailure(EXIT.usage, 'no other key of the policy is in use: make one with --out first'))

const writePolicy = (path: string, policy: PolicyText): E.Either<CliFailure, void> =>
  E.tryCatch(
    () => {
      writeFileSync(`${path}.new`, `${JSON.stringify(policy, null, 2)}\n`)
      renameSync(`${path}.new`, path)
    },
    (error) => cliFailure(EXIT.usage, `${path} cannot be written: ${(error as Error).message}`),
  )
