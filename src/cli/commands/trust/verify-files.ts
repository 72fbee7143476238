/** `run-ledger trust verify FILE…`: checks packs, proofs and checkpoints, offline. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type VerifiedPack, verifyPack } from '../../../evidence/verify-pack.ts'
import { toBase64 } from '../../../trust/formats/bytes.ts'
import type { CheckpointNote } from '../../../trust/formats/checkpoint.ts'
import type { Policy } from '../../../trust/verify/policy.ts'
import { type NotVerified, type Proved, verifyCheckpoint, verifyProof } from '../../../trust/verify/proof.ts'
import { examples, type JsonOption, withJson } from '../../options/options.ts'
import { type PolicyOptions, policyFrom, withPolicy } from '../../options/policy-options.ts'
import { type CliFailure, cliFailure, EXIT, failed, type Outcome } from '../../outcome.ts'
import { say, sayJson, shown } from '../../output/output.ts'
import { counted } from '../../output/wording.ts'
import type { Declare } from '../../subcommand.ts'

export const declareVerifyFiles: Declare = (command, ending) =>
  withJson(withPolicy(command))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger trust verify loan-1.evidence.zip --key VKEY',
        'run-ledger trust verify proof.tlog-proof old.checkpoint new.checkpoint --policy loans.policy.json',
      )}

Each file is an evidence pack, a .tlog-proof or a signed checkpoint. Without a key nothing can be verified: exit status 2. The key
must come from somebody who does not run the ledger.`,
    )
    .action(ending(verifyFiles))

type VerifyFilesOptions = JsonOption & PolicyOptions

const verifyFiles = (files: readonly string[], options: VerifyFilesOptions): Outcome =>
  pipe(
    policyFrom(options),
    TE.filterOrElse(
      (policy): policy is Policy => policy !== null,
      () => cliFailure(EXIT.usage, 'give --key VKEY or --policy FILE: a key that comes with a pack proves nothing'),
    ),
    TE.bindTo('policy'),
    TE.bind('contents', () => TE.fromEither(E.traverseArray(readBytes)(files))),
    TE.flatMapTask(
      ({ policy, contents }) =>
        () =>
          Promise.all(contents.map((bytes) => verified(bytes, policy))),
    ),
    TE.flatMap((results) => {
      for (const [i, result] of results.entries()) print(files[i] ?? '', result, options)
      const split = splitIn(results)
      if (split !== null) return failed(EXIT.refused, split)
      return TE.right(results.every((result) => result._tag === 'Right') ? EXIT.done : EXIT.refused)
    }),
  )

const readBytes = (path: string): E.Either<CliFailure, Buffer<ArrayBuffer>> =>
  E.tryCatch(
    () => readFileSync(path),
    (error) => cliFailure(EXIT.usage, `${path} cannot be read: ${(error as Error).message}`),
  )

type Verified = Readonly<{ shows: string; checkpoint: CheckpointNote }>

const verified = async (bytes: Buffer<ArrayBuffer>, policy: Policy): Promise<E.Either<NotVerified, Verified>> => {
  const beginning = bytes.toString('latin1', 0, 22)
  if (beginning.startsWith('PK')) return pipe(await verifyPack(bytes, policy), E.map(ofPack))
  const text = bytes.toString('utf8')
  if (beginning.startsWith('c2sp.org/tlog-proof')) return pipe(await verifyProof(text, policy), E.map(ofProof))
  return pipe(
    await verifyCheckpoint(text, policy),
    E.map((checkpoint) => ({ shows: 'a signed checkpoint', checkpoint })),
  )
}

const ofPack = ({ run_id, revision, checkpoint, unreadable }: VerifiedPack): Verified => ({
  shows: `the events of ${run_id}, complete up to revision ${revision} and no further${unreadable === null ? '' : `; it cannot be read from revision ${unreadable}`}`,
  checkpoint,
})

const ofProof = ({ leaf, index, checkpoint }: Proved): Verified => ({
  shows: `leaf ${index} is ${leaf.type}, revision ${leaf.revision} of ${leaf.run_id ?? 'the access events'}, recorded at ${leaf.recorded_at}`,
  checkpoint,
})

const print = (file: string, result: E.Either<NotVerified, Verified>, { json }: VerifyFilesOptions): void => {
  if (result._tag === 'Left') {
    if (json) sayJson({ file, verified: false, detail: result.left.detail })
    else say(shown(`${file}: NOT verified: ${result.left.detail}`))
    return
  }
  const { shows, checkpoint } = result.right
  const { origin, size, root } = checkpoint
  if (json) sayJson({ file, verified: true, shows, origin, size, root: toBase64(root) })
  else say(shown(`${file}: ${shows}; in the log of ${origin}, signed at ${counted(size, 'event')}`))
}

/** That two files are of two trees of one size, which an honest log never signs; null where they are not. */
const splitIn = (results: readonly E.Either<NotVerified, Verified>[]): string | null => {
  const roots = new Map<string, string>()
  for (const result of results) {
    if (result._tag === 'Left') continue
    const { origin, size, root } = result.right.checkpoint
    const [place, hash] = [`${origin} at ${size} events`, toBase64(root)]
    if ((roots.get(place) ?? hash) !== hash) return `two trees were signed of ${place}: the log was forked`
    roots.set(place, hash)
  }
  return null
}
