/** `run-ledger verify`: the log, its fold and the read model against each other. */
import type { Command } from 'commander'
import { right } from 'fp-ts/lib/Either.js'
import type { ColumnDifference, Finding } from '../../verify/findings.ts'
import type { VerifyReport } from '../../verify/verify.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options.ts'
import { type Ending, EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import { count, counted, progressBar, remark, say, sayJson, shown } from '../terminal.ts'
import { boundYoungGeneration } from '../young-generation.ts'

export const addVerify = (program: Command, ending: Ending): void => {
  const command = program
    .command('verify')
    .description('Read the whole log, fold it again, and compare every row of the read model. Changes nothing.')
  withJson(withLedgerOptions(command))
    .addHelpText(
      'after',
      `${examples('run-ledger verify --data ./ledger', 'run-ledger verify --data ./ledger --json | jq .findings')}

It may run beside a server. Exit status 1 says that something differs: each finding names the run and the revision.`,
    )
    .action(ending(verifyLedger))
}

const verifyLedger = async (options: CommonOptions): Promise<Outcome> => {
  const [{ ledgerConfigOf }, { eventsIn, openLog, readModelFailure }, { verify }] = await Promise.all([
    import('../../config.ts'),
    import('../open-ledger.ts'),
    import('../../verify/verify.ts'),
  ])
  const config = ledgerConfigOf(options)
  if (config._tag === 'Left') return usageFailure(config.left)
  const store = await openLog(config.right)
  if (store._tag === 'Left') return store
  const bar = await progressBar('Verifying', await eventsIn(store.right))
  const { readModelPath } = config.right
  const boundMemory = boundYoungGeneration()
  const onProgress = (events: number) => {
    boundMemory()
    bar.update(events)
  }
  const verified = await verify({ store: store.right, readModelPath, onProgress })()
  bar.stop()
  await store.right.close()
  if (verified._tag === 'Right') return told(verified.right, options)
  return verified.left._tag === 'LogUnreadable'
    ? failed(EXIT.store, `the log cannot be read to its end: ${verified.left.detail}`)
    : readModelFailure(verified.left)
}

const told = (report: VerifyReport, options: CommonOptions): Outcome => {
  const found = Object.values(report.counts).reduce((sum, one) => sum + one, 0)
  if (options.json) sayJson(report)
  else {
    for (const finding of report.findings) say(shown(lineOf(finding)))
    if (found > report.findings.length) remark(`and ${count(found - report.findings.length)} more`)
    say(`${counted(report.events, 'event')} of ${counted(report.runs, 'run')}: ${conclusionOf(found)}`)
  }
  return right(found === 0 ? EXIT.done : EXIT.refused)
}

const conclusionOf = (found: number): string =>
  found === 0 ? 'the log is whole, and the read model says the same' : counted(found, 'finding')

const lineOf = (finding: Finding): string => {
  if (finding.kind === 'changed-group')
    return `the group ${finding.run_group_id}: its figures are not those of its runs`
  if (finding.kind === 'changed-policy-version')
    return `policy version ${finding.policy_version_id}: its counts or times are not those of its runs`
  if (finding.kind === 'changed-figures')
    return `the policy version ${finding.policy_version_id}: its figures of ${finding.hour} are not those of its runs`
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
    case 'changed-metadata-index':
      return `${where}: filters by metadata do not find what its metadata say`
    case 'changed-entry':
      return `${where}: its Entry differs in ${finding.columns.map(differenceOf).join(', ')}`
    case 'missing-entry':
      return `${where}: the audit trail lacks the event`
    case 'invented-entry':
      return `${where}: the audit trail has an event that the log lacks`
    case 'changed-entry-index':
      return `${where}: the audit trail does not find the event by its ids`
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
