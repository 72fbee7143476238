/** `run-ledger evidence RUN_ID`: an evidence pack of a run. */
import { writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf } from '../../config.ts'
import { makePack, type PackFailure } from '../../evidence/make-pack.ts'
import { verifyPage } from '../../http/pages-directory.ts'
import { checkFiles } from '../ledger/file-safety.ts'
import { openLog } from '../ledger/open-ledger.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { type CliFailure, cliFailure, closing, EXIT, type Outcome, ofUsage } from '../outcome.ts'
import { remark, say, sayJson } from '../output/output.ts'
import { count } from '../output/wording.ts'
import type { Declare } from '../subcommand.ts'
import { withTree } from './trust/signed-tree.ts'

type EvidenceOptions = CommonOptions & Readonly<{ out: string }>

export const declareEvidence: Declare = (command, ending) =>
  withJson(withLedgerOptions(command.requiredOption('--out <file>', 'the file of the pack, a zip')))
    .addHelpText(
      'after',
      `${examples('run-ledger evidence loan-1 --data ./ledger --out loan-1.evidence.zip')}

It can run beside a server. The pack holds what the newest signed checkpoint covers; \`run-ledger trust verify\` and the page in it
check it offline.`,
    )
    .action(ending(makeEvidence))

const makeEvidence = (run_id: string, options: EvidenceOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.tapEither((config) => checkFiles(config, { outputs: [options.out] })),
    TE.flatMap((config) => packOf(config, run_id)),
    TE.tapEither((pack) => writePack(options.out, pack)),
    TE.map((pack) => {
      if (options.json) sayJson({ file: options.out, bytes: pack.length })
      else say(`${count(pack.length)} bytes in ${options.out}`)
      return EXIT.done
    }),
  )

const packOf = (config: LedgerConfig, run_id: string): TE.TaskEither<CliFailure, Uint8Array> => {
  const page = verifyPage()
  if (page === null) remark('the pack lacks verify.html: npm run build:pages makes it')
  return TE.bracket(
    openLog(config),
    (store) => withTree(config, (tree) => pipe(makePack({ tree, store }, page)(run_id), TE.mapLeft(ofPack(run_id)))),
    closing,
  )
}

/** For its owner alone: it holds whatever personal data the events hold. */
const writePack = (path: string, pack: Uint8Array): E.Either<CliFailure, void> =>
  E.tryCatch(
    () => writeFileSync(path, pack, { mode: 0o600 }),
    (error) => cliFailure(EXIT.usage, `${path} cannot be written: ${(error as Error).message}`),
  )

const ofPack =
  (run_id: string) =>
  (failure: PackFailure): CliFailure => {
    switch (failure._tag) {
      case 'NoSuchEvent':
        return cliFailure(EXIT.refused, `there is no run ${run_id}`)
      case 'NotSignedYet':
        return cliFailure(
          EXIT.refused,
          `no signed checkpoint covers ${run_id} yet: \`serve --signing-key FILE\` signs them`,
        )
      case 'NotOfTree':
        return cliFailure(
          EXIT.refused,
          `leaf ${failure.index} of the tree is another event: \`run-ledger verify --checkpoint\` says more`,
        )
      case 'StreamDeleted':
        return cliFailure(EXIT.refused, `${run_id} is deleted`)
      case 'PackTooLarge':
        return cliFailure(EXIT.refused, `the events of ${run_id} take more than a pack may hold (64 MiB)`)
      case 'StoreUnavailable':
        return cliFailure(EXIT.store, `the log cannot be read: ${failure.detail}`)
      default:
        return failure satisfies never
    }
  }
