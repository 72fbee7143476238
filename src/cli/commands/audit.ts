/** `run-ledger audit`: the audit trail of all runs. */
import { Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { ENTRY_SORTS } from '../../api/entries.ts'
import type { EntryForm } from '../../api/entry-forms.ts'
import {
  cloudEventsSourceOf,
  type LedgerConfig,
  ledgerConfigOf,
  type UsageFailure,
  usageFailure,
  wholeNumberOf,
} from '../../config.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryFilters, EntrySort, ReadModel } from '../../read-model/read-model.ts'
import { entryForm, exportEntries } from '../../transfer/export-entries.ts'
import { withTrail } from '../ledger/open-trail.ts'
import { checkTypes } from '../options/known-types.ts'
import { type CommonOptions, examples, withCloudEventsSource, withJson, withLedgerOptions } from '../options/options.ts'
import { entryFiltersOf, type FilterOptions, withEntryFilters } from '../options/query-options.ts'
import { type Outcome, ofUsage } from '../outcome.ts'
import { TABLE_FORM } from '../output/entry-table.ts'
import { outputGone, remark } from '../output/output.ts'
import { printExport } from '../output/print-export.ts'
import type { Declare } from '../subcommand.ts'

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'cloudevents'] as const
type Format = (typeof FORMATS)[number]

type AuditOptions = CommonOptions &
  FilterOptions &
  Readonly<{ sort: EntrySort; limit?: string; format?: Format; cloudEventsSource?: string }>

/** How many entries a table and `json` show unless `--limit` says otherwise. */
const PAGE = 50

export const declareAudit: Declare = (command, ending) =>
  withJson(
    withLedgerOptions(
      withCloudEventsSource(
        withEntryFilters(
          command
            .addOption(
              new Option('--sort <order>', 'with - in descending order').choices(ENTRY_SORTS).default('-position'),
            )
            .option('--limit <n>', `at most this many entries (default: ${PAGE} in a table and in json, else all)`)
            .addOption(new Option('--format <format>', 'what to print').choices(FORMATS).default(undefined, 'table')),
        ),
      ),
    ),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger audit --actor alice --occurred-after 2026-05-01T00:00:00Z',
        'run-ledger audit --type RunCompleted --limit 10 --data ./ledger',
        'run-ledger audit --run-id loan-1 --sort position --format csv > loan-1.csv',
        "run-ledger audit --json | jq -r 'select(.reason != null) | [.run_id, .reason] | @tsv'",
      )}

--json is --format ndjson: one Entry a line.`,
    )
    .action(ending(showAudit))

const showAudit = (options: AuditOptions): Outcome =>
  pipe(
    requestOf(options),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap((request) =>
      withTrail(request.config, (readModel, { position }) =>
        pipe(
          checkTypes(readModel, request.filters, position),
          TE.flatMap(() => printTrail(readModel, position, request)),
        ),
      ),
    ),
  )

type AuditRequest = Readonly<{
  config: LedgerConfig
  source: string
  filters: EntryFilters
  sort: EntrySort
  format: Format
  /** Null: the format's own. */
  limit: number | null
}>

const requestOf = (options: AuditOptions): E.Either<UsageFailure, AuditRequest> =>
  pipe(
    E.Do,
    E.apS('config', ledgerConfigOf(options)),
    E.apS('source', cloudEventsSourceOf(options.cloudEventsSource)),
    E.apS('filters', entryFiltersOf(options)),
    E.apS('format', formatOf(options)),
    E.apS('limit', limitOf(options.limit)),
    E.let('sort', () => options.sort),
  )

const formatOf = ({ format, json }: AuditOptions): E.Either<UsageFailure, Format> =>
  json === true && format !== undefined && format !== 'ndjson'
    ? E.left(usageFailure(`--json is --format ndjson: leave out one of --json and --format ${format}`))
    : E.right(format ?? (json === true ? 'ndjson' : 'table'))

const limitOf = (text: string | undefined): E.Either<UsageFailure, number | null> =>
  text === undefined ? E.right(null) : wholeNumberOf('--limit', text, { least: 1, most: 999_999_999 })

const printTrail = (
  readModel: ReadModel,
  until: Position,
  { source, filters, sort, format, limit: asked }: AuditRequest,
): Outcome => {
  const limit = asked ?? (format === 'table' || format === 'json' ? PAGE : Number.POSITIVE_INFINITY)
  const walk = { ...filters, sort, until, limit }
  const made = exportEntries(readModel, formFor(format, source), walk, {
    onProgress: () => undefined,
    signal: outputGone,
    allowEmpty: true,
  })
  return pipe(
    printExport(made, outputGone),
    TE.tapIO(() => () => {
      if (outputGone.aborted) return
      const { events } = made.counts()
      if (format === 'table' && events === 0) remark('run-ledger: no entry matches')
      if (asked === null && events === limit) remark(`run-ledger: ${limit} are shown, there may be more: add --limit N`)
    }),
  )
}

const formFor = (format: Format, source: string): EntryForm => {
  if (format === 'table') return TABLE_FORM
  return format === 'json' ? JSON_FORM : entryForm(format, source)
}

const JSON_FORM: EntryForm = {
  begin: '{"data":[',
  rows: (entries, isFirst) => (isFirst ? '' : ',') + entries.map(({ text }) => text).join(),
  end: ']}\n',
}
