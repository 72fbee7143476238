/** `run-ledger audit` and `run-ledger tail`: the audit trail of all runs, as it is and as it grows. */
import { type Command, Option } from 'commander'
import { right } from 'fp-ts/lib/Either.js'
import type { Entry } from '../../../projections/audit-entry.ts'
import type { EntryForm } from '../../api/entry-forms.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import type { EntryFilters, EntrySort, ReadModel, StoredEntry } from '../../read-model/read-model.ts'
import { readJson } from '../../run/read-json.ts'
import { withTrail } from '../open-trail.ts'
import { type CommonOptions, examples, withCloudEventsSource, withJson, withLedgerOptions } from '../options.ts'
import { type Ending, EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import { entryFiltersOf, type FilterOptions, withEntryFilters } from '../query-options.ts'
import { interruption, print, remark } from '../terminal.ts'

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'cloudevents'] as const
type Format = (typeof FORMATS)[number]
const SORTS = ['position', '-position', 'occurred_at', '-occurred_at'] as const satisfies readonly EntrySort[]

type AuditOptions = CommonOptions &
  FilterOptions &
  Readonly<{ sort: EntrySort; limit?: string; format?: Format; cloudEventsSource?: string }>

type TailOptions = CommonOptions & FilterOptions & Readonly<{ from: string }>

export const addAudit = (program: Command, ending: Ending): void => {
  const command = program
    .command('audit')
    .description('The audit trail of all runs: who changed what, when and why. Newest first.')
    .addOption(new Option('--sort <order>', 'with - the last come first').choices(SORTS).default('-position'))
    .option('--limit <n>', `at most so many entries (default: ${PAGE} in a table and in json, else all)`)
    .addOption(new Option('--format <format>', 'what to print').choices(FORMATS).default(undefined, 'table'))
  withJson(withLedgerOptions(withCloudEventsSource(withEntryFilters(command))))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger audit --actor alice --occurred-after 2026-05-01T00:00:00Z',
        'run-ledger audit --type RunCompleted --limit 10 --data ./ledger',
        'run-ledger audit --run-id loan-1 --sort position --format csv > loan-1.csv',
        "run-ledger audit --json | jq -r 'select(.reason != null) | [.run_id, .reason] | @tsv'",
      )}

--json is --format ndjson: an Entry a line.`,
    )
    .action(ending(showAudit))
}

export const addTail = (program: Command, ending: Ending): void => {
  const command = program
    .command('tail')
    .description('Follow the audit trail live. Ctrl-C ends it.')
    .option('--from <place>', 'start, head, or a position: what comes after it', 'head')
  withJson(withLedgerOptions(withEntryFilters(command)))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger tail --data ./ledger',
        'run-ledger tail --from start --type RunCompleted --json | head -5',
        'run-ledger tail --from 20138 --policy-version-id personal-loan-3.2',
      )}

Each line begins with its position, to go on from. It shows what the read model gets: run a server or an import beside it.`,
    )
    .action(ending(followTrail))
}

const PAGE = 50

const showAudit = async (options: AuditOptions): Promise<Outcome> => {
  const { cloudEventsSourceOf, ledgerConfigOf, wholeNumberOf } = await import('../../config.ts')
  const [config, source] = [ledgerConfigOf(options), cloudEventsSourceOf(options.cloudEventsSource)]
  if (config._tag === 'Left') return usageFailure(config.left)
  if (source._tag === 'Left') return usageFailure(source.left)
  const filters = await entryFiltersOf(options)
  if (filters._tag === 'Left') return usageFailure(filters.left)
  const format = options.format ?? (options.json === true ? 'ndjson' : 'table')
  if (options.json === true && format !== 'ndjson')
    return failed(EXIT.usage, `--json is --format ndjson: leave out one of --json and --format ${format}`)
  const asked =
    options.limit === undefined ? null : wholeNumberOf('--limit', options.limit, { least: 1, most: 999_999_999 })
  if (asked?._tag === 'Left') return usageFailure(asked.left)
  const limit = asked?.right ?? (format === 'table' || format === 'json' ? PAGE : Number.POSITIVE_INFINITY)
  return withTrail(config.right, async (readModel) => {
    const [{ exportEntries }, { toOutput }, form] = await Promise.all([
      import('../../transfer/export-entries.ts'),
      import('./export.ts'),
      formOf(format, source.right),
    ])
    const walk = { ...filters.right, sort: options.sort, until: readModel.position(), limit }
    const { signal } = new AbortController()
    const made = exportEntries(readModel, form, walk, { onProgress: () => undefined, signal, allowEmpty: true })
    const outcome = await toOutput(made, signal)
    if (format === 'table' && made.counts().events === 0) remark('run-ledger: no entry matches')
    if (asked === null && made.counts().events === limit)
      remark(`run-ledger: ${limit} are shown, there may be more: add --limit N`)
    return outcome
  })
}

const formOf = async (format: Format, source: string): Promise<EntryForm> => {
  if (format === 'table') return tableForm()
  if (format === 'json') return JSON_FORM
  const { entryForm } = await import('../../transfer/export-entries.ts')
  return entryForm(format, source)
}

const tableForm = async (): Promise<EntryForm> => {
  const { TRAIL_HEADER, trailLine } = await import('../entry-text.ts')
  const lineOf = ({ text }: Pick<StoredEntry, 'text'>) => `${trailLine(readJson<Entry>(text))}\n`
  return {
    begin: '',
    rows: (entries, isFirst) => (isFirst ? `${TRAIL_HEADER}\n` : '') + entries.map(lineOf).join(''),
    end: '',
  }
}

const JSON_FORM: EntryForm = {
  begin: '{"data":[',
  rows: (entries, isFirst) => (isFirst ? '' : ',') + entries.map(({ text }) => text).join(),
  end: ']}\n',
}

const followTrail = async (options: TailOptions): Promise<Outcome> => {
  const { ledgerConfigOf } = await import('../../config.ts')
  const config = ledgerConfigOf(options)
  if (config._tag === 'Left') return usageFailure(config.left)
  const filters = await entryFiltersOf(options)
  if (filters._tag === 'Left') return usageFailure(filters.left)
  if (!/^(start|head|\d{1,20})$/.test(options.from))
    return failed(EXIT.usage, '--from must be start, head, or a position')
  return withTrail(config.right, async (readModel, { head }) => {
    const from = { start: START, head }[options.from] ?? options.from.padStart(START.length, '0')
    // Nothing would ever come, and nothing would say why.
    if (from > head) return failed(EXIT.usage, `--from is beyond the end of the log, which is at ${placeOf(head)}`)
    return follow(readModel, filters.right, from, options)
  })
}

const placeOf = (position: Position): string => position.replace(/^0+(?=\d)/, '')

const follow = async (
  readModel: ReadModel,
  filters: EntryFilters,
  from: Position,
  options: TailOptions,
): Promise<Outcome> => {
  const [{ followEntries }, { NDJSON_FORM }] = await Promise.all([
    import('../../read-model/queries/follow-entries.ts'),
    import('../../api/entry-forms.ts'),
  ])
  const form = options.json === true ? NDJSON_FORM : await tableForm()
  const stop = interruption()
  let [isFirst, still] = [true, false]
  for await (const { entries } of followEntries(readModel, filters, { from, signal: stop.signal, idle: IDLE_MS })) {
    if (entries.length > 0) {
      await print(form.rows(entries, isFirst), stop.signal)
      isFirst = false
    }
    if (isStill(readModel) && !still) remark(STILL)
    still = isStill(readModel)
  }
  stop.release()
  return right(EXIT.done)
}

/** How often it is seen whether the read model is still kept up to date, in ms, where no entries come. */
const IDLE_MS = 10_000

/** A projector's heart beats every 2 s. */
const STILL_AFTER_MS = 10_000

const STILL = 'run-ledger: nothing brings the read model up to date now: new entries come once `run-ledger serve` runs'

const isStill = (readModel: ReadModel): boolean => {
  const beats = readModel.projections().map(({ last_heartbeat }) => Date.parse(last_heartbeat ?? START_OF_TIME))
  return Date.now() - Math.max(...beats) > STILL_AFTER_MS
}

const START_OF_TIME = '1970-01-01T00:00:00.000Z'
