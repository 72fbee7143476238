/** `run-ledger trust adopt`: a new state file for a key whose own was lost. */
import { existsSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { ledgerConfigOf } from '../../../config.ts'
import { isSameBytes } from '../../../trust/formats/bytes.ts'
import type { CheckpointNote } from '../../../trust/formats/checkpoint.ts'
import type { VerifierKey } from '../../../trust/formats/note.ts'
import { signingStatePath, writeSigningStates } from '../../../trust/signer/signing-state.ts'
import { rootAt } from '../../../trust/tree/proofs.ts'
import type { TreeStore } from '../../../trust/tree/tree-store.ts'
import { verifyCheckpoint } from '../../../trust/verify/proof.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../../options/options.ts'
import { readSigningKey, withSigningKey } from '../../options/signing-options.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome, ofUsage } from '../../outcome.ts'
import { say, sayJson } from '../../output/output.ts'
import { counted } from '../../output/wording.ts'
import type { Declare } from '../../subcommand.ts'
import { oneKeyOf, readText } from './arguments.ts'
import { withSignedTree } from './signed-tree.ts'

type AdoptOptions = CommonOptions & Readonly<{ signingKey?: readonly string[]; checkpoint?: string }>

export const declareAdopt: Declare = (command, ending) =>
  withJson(withLedgerOptions(withSigningKey(command)))
    .option('--checkpoint <file>', 'the last checkpoint that was seen outside, where that is newer than the tree has')
    .addHelpText(
      'after',
      `${examples('run-ledger trust adopt --data ./ledger --signing-key ~/loans.key --checkpoint from-the-auditor.checkpoint')}

The state file beside the key names the tree that was signed last, so that no other is ever signed. Take the newest checkpoint
that anybody has, from a witness, an auditor or --checkpoint-dir: what was signed after it is not protected by the new state.`,
    )
    .action(ending(adopt))

const adopt = (options: AdoptOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.bindTo('config'),
    TE.bind('path', () => TE.fromEither(oneKeyOf(options.signingKey))),
    TE.bind('key', ({ path }) => pipe(readSigningKey(path), TE.mapLeft(ofUsage))),
    TE.tapEither(({ path }) => lacksState(path)),
    TE.bind('checkpoint', ({ config, key }) =>
      withSignedTree(config, ({ tree, newest }) =>
        pipe(
          options.checkpoint === undefined ? TE.right(newest.note) : TE.fromEither(readText(options.checkpoint)),
          TE.flatMap((note) => signedCheckpoint(note, key.key.verifier)),
          TE.flatMapEither(contained(tree)),
        ),
      ),
    ),
    TE.tapIO(
      ({ path, checkpoint }) =>
        () =>
          writeSigningStates([signingStatePath(path)], checkpoint),
    ),
    TE.map(({ path, checkpoint: { origin, size } }) => {
      if (options.json) sayJson({ state: signingStatePath(path), origin, size })
      else say(`${signingStatePath(path)}: ${origin} goes on after ${counted(size, 'event')}`)
      return EXIT.done
    }),
  )

const lacksState = (path: string): E.Either<CliFailure, void> =>
  existsSync(signingStatePath(path))
    ? E.left(cliFailure(EXIT.usage, `${signingStatePath(path)} is there: nothing is to be adopted`))
    : E.right(undefined)

const signedCheckpoint = (note: string, key: VerifierKey): TE.TaskEither<CliFailure, CheckpointNote> =>
  pipe(
    () => verifyCheckpoint(note, { logKeys: [{ key, from: 0, to: null }], witnesses: [], quorum: 0 }),
    TE.mapLeft(({ detail }) => cliFailure(EXIT.refused, detail)),
  )

const contained =
  (tree: TreeStore) =>
  (checkpoint: CheckpointNote): E.Either<CliFailure, CheckpointNote> =>
    checkpoint.size <= tree.size() && isSameBytes(rootAt(tree, checkpoint.size), checkpoint.root)
      ? E.right(checkpoint)
      : E.left(
          cliFailure(
            EXIT.refused,
            `the tree does not contain the checkpoint of ${counted(checkpoint.size, 'event')}`,
            'the log was restored, cut or rewritten after it: `run-ledger trust new-origin` is the way on',
          ),
        )
