/** `run-ledger trust checkpoint`: the newest signed checkpoint, to be stored elsewhere. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { ledgerConfigOf } from '../../../config.ts'
import { toBase64 } from '../../../trust/formats/bytes.ts'
import type { SignedCheckpoint } from '../../../trust/tree/tree-store.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../../options/options.ts'
import { EXIT, type Outcome, ofUsage } from '../../outcome.ts'
import { say, sayJson } from '../../output/output.ts'
import type { Declare } from '../../subcommand.ts'
import { withSignedTree } from './signed-tree.ts'

export const declareCheckpoint: Declare = (command, ending) =>
  withJson(withLedgerOptions(command))
    .addHelpText(
      'after',
      `${examples('run-ledger trust checkpoint --data ./ledger > 2026-12-01.checkpoint')}

A checkpoint is worth something where the operator of the ledger cannot change it: mail it, print it, give it to a witness.`,
    )
    .action(ending(printCheckpoint))

const printCheckpoint = (options: CommonOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap((config) => withSignedTree(config, ({ newest }) => TE.right(newest))),
    TE.map((newest) => printed(newest, options)),
  )

const printed = ({ size, root, note, signed_at }: SignedCheckpoint, { json }: CommonOptions): number => {
  if (json) sayJson({ size, root: toBase64(root), signed_at, note })
  else say(note.slice(0, -1))
  return EXIT.done
}
