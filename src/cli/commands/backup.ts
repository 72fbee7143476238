/** `run-ledger backup`: a copy of the log, made while it is written to. */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf } from '../../config.ts'
import { type BackedUp, type BackupFailure, backUpLog } from '../../event-store/embedded/backup.ts'
import { placeOf } from '../../transfer/file-place.ts'
import { backUpTree } from '../../trust/sqlite/backup-tree.ts'
import { type Interruption, interruptible, statusOf } from '../interruption.ts'
import { checkFiles } from '../ledger/file-safety.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome, ofOpening, ofUsage } from '../outcome.ts'
import { say, sayJson } from '../output/output.ts'
import { withProgress } from '../output/progress.ts'
import { count, counted } from '../output/wording.ts'
import type { Declare } from '../subcommand.ts'

type BackupOptions = CommonOptions & Readonly<{ out: string }>

export const declareBackup: Declare = (command, ending) =>
  withJson(withLedgerOptions(command.requiredOption('--out <file>', 'the file of the copy, replaced if it is there')))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger backup --data ./ledger --out backups/ledger.db',
        'mkdir -m 700 restored && cp backups/ledger.db restored/events.db && run-ledger serve --data ./restored',
      )}

It can run beside a server. The copy holds every event that was answered before the backup began, and is checked. The tree
of its proofs is copied first, to FILE.tree.db: restore it as tree.db. The read model needs no backup: it is made again.`,
    )
    .action(ending(backUp))

const backUp = (options: BackupOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMapEither((config) => requestOf(config, options.out)),
    TE.bind('tree', ({ treePath, place }) => TE.fromEither(copyTree(treePath, place))),
    TE.bind('made', ({ path, place }) =>
      interruptible((stop) =>
        withProgress('Copying', 1_000, ({ update }) =>
          pipe(
            backUpLog(path, place, { onProgress: (share) => update(share * 1_000), signal: stop.signal }),
            TE.mapLeft(ofBackup(stop, options.out)),
            TE.tapError(() => TE.fromIO(() => rmSync(freshTreeOf(place), { force: true }))),
          ),
        ),
      ),
    ),
    TE.tapEither(({ place, tree }) => (tree === null ? E.right(undefined) : putTreeInPlace(place))),
    TE.map(({ made, tree }) => printed(made, tree, options)),
  )

const putTreeInPlace = (out: string): E.Either<CliFailure, void> =>
  E.tryCatch(
    () => renameSync(freshTreeOf(out), treeOf(out)),
    (error) => cliFailure(EXIT.store, `${treeOf(out)} cannot be made: ${(error as Error).message}`),
  )

type BackupRequest = Readonly<{ path: string; treePath: string; place: string }>

/** Where the tree is copied to, beside the log. */
const treeOf = (out: string): string => `${out}.tree.db`

const freshTreeOf = (out: string): string => `${treeOf(out)}.new`

/**
 * Before the log: a tree that is behind its log grows, one that is ahead of it is refused. It takes its place after the log
 * has taken its own. Null where there is no tree.
 */
const copyTree = (path: string, out: string): E.Either<CliFailure, number | null> =>
  existsSync(path)
    ? pipe(
        backUpTree(path, freshTreeOf(out)),
        E.mapLeft(({ detail }) => cliFailure(EXIT.store, `${treeOf(out)} cannot be made: ${detail}`)),
      )
    : E.right(null)

const requestOf = (config: LedgerConfig, out: string): E.Either<CliFailure, BackupRequest> =>
  pipe(
    checkFiles(config, { outputs: [out, treeOf(out)] }),
    E.flatMap(() => {
      if (config.eventStore.kind !== 'embedded')
        return E.left(
          cliFailure(EXIT.usage, 'backup copies an embedded log: EventStoreDB is backed up as its own manual says'),
        )
      const there = statSync(out, { throwIfNoEntry: false })
      return there === undefined || there.isFile()
        ? E.right({ path: config.eventStore.path, treePath: config.treePath, place: placeOf(out) })
        : E.left(cliFailure(EXIT.usage, `${out} is not a file: name one for the copy`))
    }),
  )

const ofBackup =
  (stop: Interruption, out: string) =>
  (failure: BackupFailure): CliFailure => {
    switch (failure._tag) {
      case 'BackupStopped':
        return cliFailure(statusOf(stop.by() ?? 'SIGINT'), 'stopped before the end: nothing was written')
      case 'BackupUnwritable':
        return cliFailure(EXIT.store, `${out} cannot be made: ${failure.detail}`)
      default:
        return ofOpening()(failure)
    }
  }

const printed = (made: BackedUp, leaves: number | null, { out, json }: BackupOptions): number => {
  const tree = leaves === null ? null : { file: treeOf(out), leaves }
  if (json) sayJson({ file: out, ...made, tree })
  else say(`${counted(made.events, 'event')}, ${count(made.bytes)} bytes, checked, in ${out}`)
  if (!json && tree !== null) say(`the tree of ${counted(tree.leaves, 'event')} in ${tree.file}`)
  return EXIT.done
}
