/** How a process signs checkpoints: flags and their environment variables, and the keys that they name. */
import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type UsageFailure, wholeNumberOf } from '../../config.ts'
import type { SigningOptions } from '../../trust/builder/messages.ts'
import { COSIGNATURE, ED25519, parseVkey } from '../../trust/formats/note.ts'
import { parseSigningKey } from '../../trust/formats/private-key.ts'
import type { SigningKey } from '../../trust/formats/signing.ts'
import { signingStatePath } from '../../trust/signer/signing-state.ts'
import { eachOf } from './options.ts'

export type SigningFlags = Readonly<{
  signingKey?: readonly string[]
  logOrigin?: string
  checkpointEvery: string
  checkpointDir?: string
  witness?: readonly string[]
}>

export const withSigningKey = (command: Command): Command =>
  command.addOption(
    new Option('--signing-key <file>', 'sign checkpoints with this key; twice while keys are rotated')
      .env('RUN_LEDGER_SIGNING_KEY')
      .argParser(eachOf),
  )

/** How a server signs. */
export const withSigning = (command: Command): Command =>
  withSigningKey(command)
    .addOption(
      new Option('--log-origin <name>', "the log's name, which is that of its key").env('RUN_LEDGER_LOG_ORIGIN'),
    )
    .addOption(
      new Option('--checkpoint-every <seconds>', 'sign a checkpoint this often, where the log has grown')
        .env('RUN_LEDGER_CHECKPOINT_EVERY')
        .default('10'),
    )
    .addOption(
      new Option('--checkpoint-dir <dir>', 'also write each checkpoint to a file here, once and for ever').env(
        'RUN_LEDGER_CHECKPOINT_DIR',
      ),
    )
    .addOption(
      new Option('--witness <url,vkey>', 'ask this witness to cosign each checkpoint; may be repeated')
        .env('RUN_LEDGER_WITNESS')
        .argParser((text: string, before: readonly string[] = []) => [...before, ...text.split(/\s+/)]),
    )

/**
 * How to sign; undefined where no key is given. UsageFailure for a key that cannot be read or is no key of a log, an origin
 * that is not the key's name, and a witness that is none.
 */
export const signingOptionsOf = (flags: SigningFlags): TE.TaskEither<UsageFailure, SigningOptions | undefined> => {
  const { signingKey: paths = [], witness = [], checkpointDir: directory = null, logOrigin } = flags
  if (paths.length === 0)
    return logOrigin === undefined && witness.length === 0 && directory === null
      ? TE.right(undefined)
      : TE.left(usage('--log-origin, --checkpoint-dir and --witness need a --signing-key'))
  return pipe(
    TE.Do,
    TE.bind('keys', () => TE.traverseArray(readSigningKey)(paths)),
    TE.bind('origin', ({ keys }) =>
      TE.fromEither(
        originOf(
          keys.map(({ key }) => key),
          logOrigin,
        ),
      ),
    ),
    TE.bind('every', () =>
      TE.fromEither(wholeNumberOf('--checkpoint-every', flags.checkpointEvery, { least: 1, most: 86_400 })),
    ),
    TE.bind('witnesses', () => TE.traverseArray(witnessOf)(witness)),
    TE.map(({ keys, origin, every, witnesses }) => ({
      origin,
      keys: keys.map(({ text }) => text),
      statePaths: paths.map(signingStatePath),
      every: every * 1_000,
      directory,
      witnesses,
    })),
  )
}

/** The key of a log in the file `path`, and its text. */
export const readSigningKey = (
  path: string,
): TE.TaskEither<UsageFailure, Readonly<{ text: string; key: SigningKey }>> =>
  pipe(
    E.tryCatch(
      () => readFileSync(path, 'utf8'),
      (error) => usage(`--signing-key ${path} cannot be read: ${(error as Error).message}`),
    ),
    TE.fromEither,
    TE.bindTo('text'),
    TE.bind('key', ({ text }) =>
      pipe(
        () => parseSigningKey(text),
        TE.mapLeft(({ detail }) => usage(`--signing-key ${path}: ${detail}`)),
      ),
    ),
    TE.filterOrElse(
      ({ key }) => key.verifier.type === ED25519,
      () => usage(`--signing-key ${path} is a witness's key: make the log's with \`run-ledger trust keygen\``),
    ),
  )

const originOf = (keys: readonly SigningKey[], given: string | undefined): E.Either<UsageFailure, string> => {
  const [origin = '', ...others] = [...new Set(keys.map(({ verifier }) => verifier.name))]
  if (others.length > 0) return E.left(usage('all signing keys must have one name, which is the origin of the log'))
  return given === undefined || given === origin
    ? E.right(origin)
    : E.left(usage(`--log-origin must be the name of the signing key, ${origin}`))
}

const witnessOf = (text: string): TE.TaskEither<UsageFailure, Readonly<{ url: string; vkey: string }>> => {
  const [, url = '', vkey = ''] = /^([^,]+),(.+)$/.exec(text) ?? []
  const isUrl = URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)
  return pipe(
    () => parseVkey(vkey),
    TE.filterOrElseW(
      ({ type }) => isUrl && type === COSIGNATURE,
      () => null,
    ),
    TE.bimap(
      () => usage(`--witness ${text} is not URL,VKEY: the address of a witness and its verifier key`),
      () => ({ url, vkey }),
    ),
  )
}

const usage = (detail: string): UsageFailure => ({ _tag: 'UsageFailure', detail })
