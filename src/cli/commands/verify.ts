/** `run-ledger verify`: the log, its fold and the read model against each other. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf } from '../../config.ts'
import type { EventStore } from '../../event-store/event-store.ts'
import { storeFault } from '../../event-store/store-fault.ts'
import { openSnapshot } from '../../read-model/open.ts'
import type { ColumnDifference, Finding } from '../../verify/findings.ts'
import { type VerifyFailure, type VerifyReport, verify } from '../../verify/verify.ts'
import { eventsIn, ofReadModel, openLog } from '../ledger/open-ledger.ts'
import { boundYoungGeneration } from '../ledger/young-generation.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { type PolicyOptions, withPolicy } from '../options/policy-options.ts'
import { type CliFailure, cliFailure, closing, EXIT, failed, type Outcome, ofOpening, ofUsage } from '../outcome.ts'
import { remark, say, sayJson, shown } from '../output/output.ts'
import { type Progress, withProgress } from '../output/progress.ts'
import { count, counted } from '../output/wording.ts'
import type { Declare } from '../subcommand.ts'
import { type VerifyCheckpointOptions, verifyAgainstCheckpoint } from './verify-checkpoint.ts'

export const declareVerify: Declare = (command, ending) =>
  withJson(withLedgerOptions(withPolicy(command)))
    .option('--checkpoint <file>', 'hash every event again, and compare the log with this checkpoint instead')
    .option('--tiles <file>', 'a backup of tree.db, which names the first event that differs from --checkpoint')
    .addHelpText(
      'after',
      `${examples(
        'run-ledger verify --data ./ledger',
        'run-ledger verify --data ./ledger --json | jq .findings',
        'run-ledger verify --data ./ledger --checkpoint 2025-12-31.checkpoint --key VKEY',
      )}

It can run beside a server. Exit status 1 means that something differs: each finding names the run and the revision. With a
checkpoint that somebody else has stored, it finds every change of what the checkpoint covers, also where all hashes were made again.`,
    )
    .action(
      ending((options: VerifyOptions) =>
        against(options) ? verifyAgainstCheckpoint(options) : verifyReadModel(options),
      ),
    )

type VerifyOptions = CommonOptions & PolicyOptions & Readonly<{ checkpoint?: string; tiles?: string }>

const against = (options: VerifyOptions): options is VerifyCheckpointOptions => options.checkpoint !== undefined

const verifyReadModel = (options: VerifyOptions): Outcome =>
  options.tiles === undefined && options.key === undefined && options.policy === undefined
    ? verifyLedger(options)
    : failed(EXIT.usage, '--tiles, --key and --policy need a --checkpoint')

const verifyLedger = (options: CommonOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.bindTo('config'),
    TE.bind('logFault', ({ config }) => pipe(storeFault(config.eventStore), TE.mapLeft(ofOpening()))),
    TE.flatMap(({ config, logFault }) =>
      TE.bracket(openLog(config), (log) => verifyWithBar(log, logFault, config), closing),
    ),
    TE.map((report) => printed(report, options)),
  )

const verifyWithBar = (
  store: EventStore,
  logFault: string | null,
  config: LedgerConfig,
): TE.TaskEither<CliFailure, VerifyReport> => {
  const readModel = openSnapshot(config.readModel)
  return pipe(
    TE.fromTask(eventsIn(store)),
    TE.flatMap((events) =>
      withProgress('Verifying', events, (bar) =>
        pipe(verify({ store, logFault, readModel, onProgress: progressOf(bar) }), TE.mapLeft(ofVerifying)),
      ),
    ),
  )
}

const progressOf = (bar: Progress) => {
  const boundMemory = boundYoungGeneration()
  return (events: number) => {
    boundMemory()
    bar.update(events)
  }
}

const ofVerifying = (failure: VerifyFailure): CliFailure =>
  failure._tag === 'LogUnreadable'
    ? cliFailure(EXIT.store, `the log cannot be read to its end: ${failure.detail}`)
    : ofReadModel(failure)

/** Prints the report, and returns the exit status. */
const printed = (report: VerifyReport, options: CommonOptions): number => {
  const found = Object.values(report.counts).reduce((sum, one) => sum + one, 0)
  if (options.json) sayJson(report)
  else {
    for (const finding of report.findings) say(shown(lineOf(finding)))
    if (found > report.findings.length) remark(`and ${count(found - report.findings.length)} more`)
    say(`${counted(report.events, 'event')} of ${counted(report.runs, 'run')}: ${conclusionOf(found)}`)
  }
  return found === 0 ? EXIT.done : EXIT.refused
}

const conclusionOf = (found: number): string =>
  found === 0 ? 'the log is whole, and the read model says the same' : counted(found, 'finding')

const lineOf = (finding: Finding): string => {
  if (finding.kind === 'damaged-log') return `the log's file: ${finding.detail}: restore it from a backup`
  if (finding.kind === 'damaged-read-model')
    return `the read model's file is damaged (${finding.detail}): delete it, and it is made again from the log`
  if (finding.kind === 'changed-sums')
    return `${finding.id}: what ${finding.projection} sums up is not what its runs say`
  const where = `${finding.run_id} at revision ${finding.revision}`
  switch (finding.kind) {
    case 'unreadable-event':
      return `${where}: the event cannot be read (${finding.type}: ${finding.detail})`
    case 'changed-row':
      return `${where}: the read model differs in ${finding.columns.map(differenceOf).join(', ')}`
    case 'missing-row':
      return `${where}: the read model lacks the run`
    case 'invented-row':
      return `${where}: the read model has a run that the log lacks`
    case 'changed-index':
      return `${where}: ${finding.table} does not find it by what it says`
    case 'changed-entry':
      return `${where}: its Entry differs in ${finding.columns.map(differenceOf).join(', ')}`
    case 'missing-entry':
      return `${where}: the audit trail lacks the event`
    case 'invented-entry':
      return `${where}: the audit trail has an event that the log lacks`
    case 'changed-quarantine':
      return `${where}: the read model is wrong about whether the run can be read`
    default:
      return finding satisfies never
  }
}

const differenceOf = ({ column, read_model, log }: ColumnDifference): string =>
  `${column} (${clipped(read_model)} instead of ${clipped(log)})`

const SHOWN = 60

const clipped = (text: string | null): string => {
  if (text === null) return 'nothing'
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`
}
