/** `run-ledger trust keygen`: a key that signs the log's checkpoints, or a witness's cosignatures. */
import { writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { COSIGNATURE, ED25519, type VerifierKey, vkeyText } from '../../../trust/formats/note.ts'
import { newSigningKey } from '../../../trust/formats/private-key.ts'
import { examples, type JsonOption, withJson } from '../../options/options.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome } from '../../outcome.ts'
import { say, sayJson } from '../../output/output.ts'
import type { Declare } from '../../subcommand.ts'

type KeygenOptions = JsonOption & Readonly<{ out: string; witness?: boolean }>

export const declareKeygen: Declare = (command, ending) =>
  withJson(command)
    .requiredOption('--out <file>', 'the file of the key, which must not be there yet')
    .option('--witness', 'a key that cosigns the checkpoints of others')
    .addHelpText(
      'after',
      `${examples('run-ledger trust keygen ledger.example.com/loans --out ~/loans.key')}

NAME is the origin of the log, for ever: best a host name of yours and a path. Store the key outside the data directory and its
backups. What is printed is the verifier key (VKEY), which everybody may know: give it to anyone who is to check proofs.`,
    )
    .action(ending(keygen))

const keygen = (name: string, options: KeygenOptions): Outcome =>
  pipe(
    () => newSigningKey(name, options.witness === true ? COSIGNATURE : ED25519),
    TE.mapLeft(({ detail }) => cliFailure(EXIT.usage, detail)),
    TE.tapEither(({ text }) => writeKey(options.out, text)),
    TE.map(({ verifier }) => printed(verifier, options)),
  )

/** Writes a key that nobody else can read, and never over another one. */
export const writeKey = (path: string, text: string): E.Either<CliFailure, void> =>
  E.tryCatch(
    () => writeFileSync(path, `${text}\n`, { flag: 'wx', mode: 0o600 }),
    (error) => cliFailure(EXIT.usage, `${path} cannot be made: ${(error as Error).message}`),
  )

const printed = (verifier: VerifierKey, { out, json }: KeygenOptions): number => {
  const vkey = vkeyText(verifier)
  if (json) sayJson({ file: out, vkey })
  else say(vkey)
  return EXIT.done
}
