/** `run-ledger verify --checkpoint FILE`: whether the log still holds all that a checkpoint covers. */
import { existsSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf } from '../../config.ts'
import { type CheckpointNote, parseCheckpoint } from '../../trust/formats/checkpoint.ts'
import { checkLog, type EventPlace, type LogCheck, type LogFault } from '../../trust/log/check-log.ts'
import { openTreeFile } from '../../trust/sqlite/tree-file.ts'
import type { TreeStore } from '../../trust/tree/tree-store.ts'
import { verifyCheckpoint } from '../../trust/verify/proof.ts'
import { openLog } from '../ledger/open-ledger.ts'
import { boundYoungGeneration } from '../ledger/young-generation.ts'
import type { CommonOptions } from '../options/options.ts'
import { type PolicyOptions, policyFrom } from '../options/policy-options.ts'
import { type CliFailure, cliFailure, closing, EXIT, type Outcome, ofUsage } from '../outcome.ts'
import { remark, say, sayJson, shown } from '../output/output.ts'
import { withProgress } from '../output/progress.ts'
import { count, counted } from '../output/wording.ts'
import { readText } from './trust/arguments.ts'
import { ofTree } from './trust/signed-tree.ts'

export type VerifyCheckpointOptions = CommonOptions & PolicyOptions & Readonly<{ checkpoint: string; tiles?: string }>

export const verifyAgainstCheckpoint = (options: VerifyCheckpointOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.bindTo('config'),
    TE.bind('checkpoint', () => checkpointIn(options)),
    TE.bind('check', ({ config, checkpoint }) =>
      TE.bracket(
        treeAt(options.tiles, config),
        (tree) => checkWithBar(config, checkpoint, tree),
        (tree) => TE.fromIO(() => tree?.close()),
      ),
    ),
    TE.map(({ checkpoint, check }) => printed(checkpoint, check, options)),
  )

/** The checkpoint, its signatures checked where keys are given. */
const checkpointIn = (options: VerifyCheckpointOptions): TE.TaskEither<CliFailure, CheckpointNote> =>
  pipe(
    TE.Do,
    TE.apS('text', TE.fromEither(readText(options.checkpoint))),
    TE.apS('policy', policyFrom(options)),
    TE.flatMap(({ text, policy }) =>
      policy === null
        ? pipe(
            TE.fromEither(parseCheckpoint(text)),
            TE.mapLeft(({ detail }) => cliFailure(EXIT.usage, `${options.checkpoint} is no checkpoint: ${detail}`)),
          )
        : pipe(
            () => verifyCheckpoint(text, policy),
            TE.mapLeft(({ detail }) => cliFailure(EXIT.refused, `${options.checkpoint}: ${detail}`)),
          ),
    ),
  )

/** The tree that was named, else that of the ledger, where there is one. */
const treeAt = (tiles: string | undefined, { treePath }: LedgerConfig): TE.TaskEither<CliFailure, TreeStore | null> =>
  tiles === undefined && !existsSync(treePath)
    ? TE.right(null)
    : pipe(TE.fromEither(openTreeFile(tiles ?? treePath, 'read')), TE.mapLeft(ofTree))

const checkWithBar = (
  config: LedgerConfig,
  checkpoint: CheckpointNote,
  tree: TreeStore | null,
): TE.TaskEither<CliFailure, LogCheck> =>
  TE.bracket(
    openLog(config),
    (store) =>
      withProgress('Hashing', checkpoint.size, (bar) => {
        const boundMemory = boundYoungGeneration()
        const onProgress = (events: number) => {
          boundMemory()
          bar.update(events)
        }
        return pipe(
          () => checkLog({ store, checkpoint, tree, onProgress }),
          TE.mapLeft(({ detail }) => cliFailure(EXIT.store, `the log cannot be read to its end: ${detail}`)),
        )
      }),
    closing,
  )

const printed = (checkpoint: CheckpointNote, check: LogCheck, options: VerifyCheckpointOptions): number => {
  const { origin, size } = checkpoint
  if (options.json) sayJson({ origin, size, ...check })
  else if (check.fault === null)
    say(`the log holds the ${counted(size, 'event')} of the checkpoint of ${shown(origin)} as they were signed`)
  else say(shown(lineOf(check.fault, size)))
  if (!options.json && options.key === undefined && options.policy === undefined)
    remark('the signature of the checkpoint was not checked: give --key VKEY or --policy FILE')
  return check.fault === null ? EXIT.done : EXIT.refused
}

const lineOf = (fault: LogFault, size: number): string => {
  switch (fault.kind) {
    case 'another-root':
      return fault.events < size
        ? `the log holds ${counted(fault.events, 'event')}, the checkpoint covers ${count(size)}: its end is missing`
        : `the log is not the one that was signed: an event was changed, removed, inserted or moved. Give a backup of tree.db by --tiles to learn which`
    case 'another-tree':
      return 'the tree is not the one that was signed: the history was rewritten with it. Give a backup of tree.db from before by --tiles'
    case 'changed':
      return `${placeText(fault.event)} is not the event that was signed as number ${count(fault.index + 1)}`
    case 'inserted':
      return `${placeText(fault.event)} was not there when number ${count(fault.index + 1)} was signed`
    case 'missing': {
      const first = fault.after === null ? 'the first of all' : `the first after ${placeText(fault.after)}`
      const leaves = fault.missing === 1 ? 'a leaf' : `${count(fault.missing)} leaves`
      return `${leaves} without an event, ${first}: removed, or scavenged from a deleted stream`
    }
    default:
      return fault satisfies never
  }
}

const placeText = ({ stream, revision, type, position }: EventPlace): string =>
  `${stream} at revision ${revision} (${type}, position ${position})`
