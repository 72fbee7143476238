/** The tree of a ledger, and the newest checkpoint that was signed of it. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerConfig } from '../../../config.ts'
import { openTreeFile, type TreeFileFailure } from '../../../trust/sqlite/tree-file.ts'
import type { SignedCheckpoint, TreeStore } from '../../../trust/tree/tree-store.ts'
import { type CliFailure, cliFailure, EXIT } from '../../outcome.ts'

export type SignedTree = Readonly<{ tree: TreeStore; newest: SignedCheckpoint }>

/** Does `work` with the tree, which is open for reading meanwhile. */
export const withTree = <Value>(
  { treePath }: LedgerConfig,
  work: (tree: TreeStore) => TE.TaskEither<CliFailure, Value>,
): TE.TaskEither<CliFailure, Value> =>
  TE.bracket(pipe(TE.fromEither(openTreeFile(treePath, 'read')), TE.mapLeft(ofTree)), work, (tree) =>
    TE.fromIO(() => tree.close()),
  )

/** Does `work` with the tree and its newest checkpoint; fails where none was signed. */
export const withSignedTree = <Value>(
  config: LedgerConfig,
  work: (signed: SignedTree) => TE.TaskEither<CliFailure, Value>,
): TE.TaskEither<CliFailure, Value> =>
  withTree(config, (tree) =>
    pipe(
      TE.fromNullable(cliFailure(EXIT.refused, 'no checkpoint was signed yet: `serve --signing-key FILE` signs them'))(
        tree.newestCheckpoint(),
      ),
      TE.flatMap((newest) => work({ tree, newest })),
    ),
  )

/** Why a tree cannot be used. */
export const ofTree = ({ path, detail }: TreeFileFailure): CliFailure =>
  cliFailure(EXIT.store, `${path} cannot be used: ${detail}`)
