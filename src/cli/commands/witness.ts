/** `run-ledger witness`: cosigns the checkpoints of other people's logs. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { lockFile } from '../../event-store/embedded/file-lock.ts'
import { COSIGNATURE, ED25519, parseVkey, type VerifierKey, vkeyText } from '../../trust/formats/note.ts'
import { parseSigningKey } from '../../trust/formats/private-key.ts'
import type { SigningKey } from '../../trust/formats/signing.ts'
import { witnessServer } from '../../trust/witness/witness-server.ts'
import { aborted, interruptible } from '../interruption.ts'
import { examples, type JsonOption, withJson } from '../options/options.ts'
import { type CliFailure, cliFailure, done, EXIT, type Outcome, ofOpening } from '../outcome.ts'
import { remark, say, sayJson } from '../output/output.ts'
import type { Declare } from '../subcommand.ts'

type WitnessOptions = JsonOption & Readonly<{ listen: string; key: string; log: readonly string[]; state: string }>

const eachLog = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

const withOptions = (command: Command): Command =>
  withJson(command)
    .requiredOption('--key <file>', 'the key that cosigns, made by `run-ledger trust keygen --witness`')
    .requiredOption('--log <vkey>', 'the verifier key of a log that is cosigned; may be repeated', eachLog)
    .requiredOption('--state <dir>', 'where it stores what it cosigned last of each log')
    .option('--listen <address>', 'HOST:PORT', '127.0.0.1:8090')

export const declareWitness: Declare = (command, ending) =>
  withOptions(command)
    .addHelpText(
      'after',
      `${examples(
        'run-ledger trust keygen witness.example.org --witness --out witness.key',
        'run-ledger witness --key witness.key --state ./witnessed --log LEDGER_VKEY --listen 0.0.0.0:8090',
      )}

It cosigns a checkpoint only if it contains the one that it cosigned before, so that a log that shows two histories cannot have
both cosigned. It needs no access to the log, and learns nothing of what is in it. Its verifier key is printed as its second line.`,
    )
    .action(ending(serveWitness))

const serveWitness = (options: WitnessOptions): Outcome =>
  pipe(
    TE.Do,
    TE.apS('key', keyIn(options.key)),
    TE.apS('logs', TE.traverseArray(logKeyOf)(options.log)),
    TE.apS('address', TE.fromEither(addressOf(options.listen))),
    TE.flatMap((parts) =>
      TE.bracket(
        locked(options.state),
        () =>
          interruptible(
            (stop) => TE.bracket(listening(parts, options), () => aborted(stop.signal), closed),
            ['SIGINT', 'SIGTERM'],
          ),
        (lock) => TE.fromIO(() => lock.release()),
      ),
    ),
    TE.flatMap(() => done),
  )

type Parts = Readonly<{
  key: SigningKey
  logs: readonly VerifierKey[]
  address: Readonly<{ host: string; port: number }>
}>

const keyIn = (path: string): TE.TaskEither<CliFailure, SigningKey> =>
  pipe(
    E.tryCatch(
      () => readFileSync(path, 'utf8'),
      (error) => usage(`--key ${path} cannot be read: ${(error as Error).message}`),
    ),
    TE.fromEither,
    TE.flatMap((text) =>
      pipe(
        () => parseSigningKey(text),
        TE.mapLeft(({ detail }) => usage(`--key ${path}: ${detail}`)),
      ),
    ),
    TE.filterOrElse(
      ({ verifier }) => verifier.type === COSIGNATURE,
      () => usage(`--key ${path} is no witness's key: make one with \`run-ledger trust keygen --witness\``),
    ),
  )

const logKeyOf = (vkey: string): TE.TaskEither<CliFailure, VerifierKey> =>
  pipe(
    () => parseVkey(vkey),
    TE.mapLeft(({ detail }) => usage(`--log ${vkey}: ${detail}`)),
    TE.filterOrElse(
      ({ type }) => type === ED25519,
      () => usage(`--log ${vkey} is a witness's key, not a log's`),
    ),
  )

const addressOf = (text: string): E.Either<CliFailure, Parts['address']> => {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  return host === '' || Number(port) > 65_535
    ? E.left(usage('--listen must be HOST:PORT'))
    : E.right({ host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) })
}

/** One witness at a time stores into a directory. */
const locked = (directory: string) =>
  pipe(
    E.tryCatch(
      () => mkdirSync(directory, { recursive: true, mode: 0o700 }),
      (error) => usage(`--state ${directory} cannot be made: ${(error as Error).message}`),
    ),
    E.flatMap(() => pipe(lockFile(join(directory, 'witness'), { pid: process.pid }), E.mapLeft(ofOpening()))),
    TE.fromEither,
  )

const listening = ({ key, logs, address }: Parts, { state, json }: WitnessOptions): TE.TaskEither<CliFailure, Server> =>
  TE.tryCatch(
    async () => {
      // An origin may hold what no file name may.
      const statePathOf = (origin: string) => join(state, `${createHash('sha256').update(origin).digest('hex')}.state`)
      const now = () => Math.floor(Date.now() / 1_000)
      const server = witnessServer({ key, logs, statePathOf, now }, (error) => remark(`run-ledger: ${String(error)}`))
      server.listen(address.port, address.host)
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const url = `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`
      if (json) sayJson({ url, vkey: vkeyText(key.verifier) })
      else {
        say(url)
        say(vkeyText(key.verifier))
      }
      return server
    },
    (error) => usage(`--listen ${address.host}:${address.port} cannot be used: ${(error as Error).message}`),
  )

const closed = (server: Server): TE.TaskEither<CliFailure, void> =>
  TE.fromTask(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )

const usage = (line: string): CliFailure => cliFailure(EXIT.usage, line)
