/** `run-ledger trust new-origin`: signing begins again, and the log says what was signed before. */
import { renameSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf } from '../../../config.ts'
import { lockFile } from '../../../event-store/embedded/file-lock.ts'
import { parseCheckpoint } from '../../../trust/formats/checkpoint.ts'
import { appendLogEvent } from '../../../trust/log/log-events.ts'
import { openTreeFile } from '../../../trust/sqlite/tree-file.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../../options/options.ts'
import { readSigningKey, withSigningKey } from '../../options/signing-options.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome, ofOpening, ofUsage } from '../../outcome.ts'
import { say, sayJson } from '../../output/output.ts'
import type { Declare } from '../../subcommand.ts'
import { oneKeyOf, readText } from './arguments.ts'
import { ofTree, withSignedTree } from './signed-tree.ts'

type NewOriginOptions = CommonOptions & Readonly<{ signingKey?: readonly string[]; checkpoint?: string }>

export const declareNewOrigin: Declare = (command, ending) =>
  withJson(withLedgerOptions(withSigningKey(command)))
    .option('--checkpoint <file>', 'the last checkpoint of the old origin, where that is newer than the tree has')
    .addHelpText(
      'after',
      `${examples(
        'run-ledger trust keygen ledger.example.com/loans-2 --out ~/loans-2.key',
        'run-ledger trust new-origin --data ./ledger --signing-key ~/loans-2.key',
      )}

Stop the server first. The event LogOriginStarted names the last checkpoint of the old origin, the old tree is set aside, and
\`serve\` builds a new one and signs it with the new key. Tell anyone who trusts the old key what happened, and why.`,
    )
    .action(ending(newOrigin))

type Started = Readonly<{ origin: string; previous: string; aside: string }>

const newOrigin = (options: NewOriginOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.bindTo('config'),
    TE.bind('path', () => TE.fromEither(oneKeyOf(options.signingKey))),
    TE.bind('key', ({ path }) => pipe(readSigningKey(path), TE.mapLeft(ofUsage))),
    TE.bind('note', ({ config }) =>
      options.checkpoint === undefined
        ? withSignedTree(config, ({ newest }) => TE.right(newest.note))
        : TE.fromEither(readText(options.checkpoint)),
    ),
    TE.flatMap(({ config, key, note }) =>
      TE.bracket(
        pipe(TE.fromEither(lockFile(config.treePath, { pid: process.pid })), TE.mapLeft(ofOpening())),
        () => begin(config, key.key.verifier.name, note),
        (lock) => TE.fromIO(() => lock.release()),
      ),
    ),
    TE.map((started) => {
      if (options.json) sayJson(started)
      else say(`${started.origin} begins where ${started.previous} ended; its tree is ${started.aside}`)
      return EXIT.done
    }),
  )

const begin = (config: LedgerConfig, origin: string, note: string): TE.TaskEither<CliFailure, Started> =>
  pipe(
    TE.fromEither(parseCheckpoint(note)),
    TE.mapLeft(({ detail }) => cliFailure(EXIT.usage, `the last checkpoint is none: ${detail}`)),
    TE.filterOrElse(
      ({ origin: previous }) => previous !== origin,
      () => cliFailure(EXIT.usage, `${origin} is the old origin: make a key with another name`),
    ),
    TE.tap(() =>
      pipe(
        appendLogEvent(
          config.eventStore,
          { type: 'LogOriginStarted', data: { origin, last_note: note } },
          { actor: 'run-ledger', occurred_at: new Date().toISOString() },
        ),
        TE.mapLeft(ofAppending),
      ),
    ),
    TE.bind('aside', ({ size }) => TE.fromEither(setAside(config.treePath, size))),
    TE.map(({ origin: previous, aside }) => ({ origin, previous, aside })),
  )

/** Moves the tree to a name of its own: it alone shows that old proofs belonged together. */
const setAside = (path: string, size: number): E.Either<CliFailure, string> =>
  pipe(
    // Closing it leaves one file.
    openTreeFile(path, 'write'),
    E.mapLeft(ofTree),
    E.flatMap((tree) => {
      tree.close()
      const aside = `${path}.${size}-${new Date().toISOString().replaceAll(/[-:]/g, '')}`
      return E.tryCatch(
        () => {
          renameSync(path, aside)
          return aside
        },
        (error) => cliFailure(EXIT.store, `${path} cannot be set aside: ${(error as Error).message}`),
      )
    }),
  )

const ofAppending = (failure: unknown): CliFailure =>
  cliFailure(EXIT.store, `the event of the new origin cannot be stored: ${JSON.stringify(failure)}`)
