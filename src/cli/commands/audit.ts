/** `run-ledger audit`: the audit trail of all runs. */
import { Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { ENTRY_SORTS } from '../../api/entries.ts'
import type { EntryForm } from '../../api/entry-formats/entry-forms.ts'
import { cloudEventsSourceOf, type UsageFailure, usageFailure } from '../../config.ts'
import type { EntryFilters, EntrySort } from '../../read-model/read-model.ts'
import { entryForm } from '../../transfer/export-entries.ts'
import { checkTypes } from '../options/known-types.ts'
import { examples, type JsonOption, withCloudEventsSource, withJson } from '../options/options.ts'
import { entryFiltersOf, type FilterOptions, withEntryFilters } from '../options/query-options.ts'
import { type CliFailure, done, type Outcome, ofUsage } from '../outcome.ts'
import { TABLE_FORM } from '../output/entry-table.ts'
import { limitOf, PAGE } from '../output/format.ts'
import { outputGone, print, remark } from '../output/output.ts'
import { type EntrySource, ofEntries, withEntrySource } from '../reading/entry-source.ts'
import { type PlaceOptions, placeOf, withPlaceOptions } from '../reading/place.ts'
import type { Declare } from '../subcommand.ts'

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'cloudevents'] as const
type Format = (typeof FORMATS)[number]

type AuditOptions = PlaceOptions &
  JsonOption &
  FilterOptions &
  Readonly<{ sort: EntrySort; limit?: string; output?: Format; format?: Format; cloudEventsSource?: string }>

export const declareAudit: Declare = (command, ending) =>
  withJson(
    withPlaceOptions(
      withCloudEventsSource(
        withEntryFilters(
          command
            .addOption(
              new Option('--sort <order>', 'with - in descending order').choices(ENTRY_SORTS).default('-position'),
            )
            .option('--limit <n>', `at most this many entries (default: ${PAGE} in a table and in json, else all)`)
            .addOption(new Option('-o, --output <format>', 'what to print (default: table)').choices(FORMATS))
            .addOption(new Option('--format <format>', 'the same as -o').choices(FORMATS).hideHelp()),
        ),
      ),
    ),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger audit --actor alice --since 7d',
        'run-ledger audit --actor alice --result DECLINED --reason score',
        'run-ledger audit --type RunCompleted --limit 10 --data ./ledger',
        'run-ledger audit --run-id loan-1 --sort position -o csv --url http://127.0.0.1:8080 > loan-1.csv',
        "run-ledger audit --json | jq -r 'select(.reason != null) | [.run_id, .reason] | @tsv'",
      )}

--json is -o ndjson: one Entry a line.`,
    )
    .action(ending(showAudit))

const showAudit = (options: AuditOptions): Outcome =>
  pipe(
    requestOf(options),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.bind('place', () => placeOf(options)),
    TE.flatMap((request) =>
      withEntrySource(request.place, (entries) =>
        pipe(
          checkTypes(entries, request.filters),
          TE.flatMap(() => printTrail(entries, request)),
        ),
      ),
    ),
  )

type AuditRequest = Readonly<{
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
    E.apS('source', cloudEventsSourceOf(options.cloudEventsSource)),
    E.apS('filters', entryFiltersOf(options)),
    E.apS('format', formatOf(options)),
    E.apS('limit', limitOf(options.limit)),
    E.let('sort', () => options.sort),
  )

const formatOf = ({ output, format = output, json }: AuditOptions): E.Either<UsageFailure, Format> =>
  json === true && format !== undefined && format !== 'ndjson'
    ? E.left(usageFailure(`--json is -o ndjson: leave out one of --json and -o ${format}`))
    : E.right(format ?? (json === true ? 'ndjson' : 'table'))

const printTrail = (entries: EntrySource, { source, filters, sort, format, limit: asked }: AuditRequest): Outcome => {
  const limit = asked ?? (format === 'table' || format === 'json' ? PAGE : Number.POSITIVE_INFINITY)
  return pipe(
    printed(entries, { ...filters, sort }, formFor(format, source), limit),
    TE.tapIO((count) => () => {
      if (outputGone.aborted) return
      if (format === 'table' && count === 0) remark('run-ledger: no entry matches')
      if (asked === null && count === limit) remark(`run-ledger: ${limit} are shown, there may be more: add --limit N`)
    }),
    TE.flatMap(() => done),
  )
}

/** Prints at most `limit` entries as fast as they are read; returns how many. */
const printed = (
  entries: EntrySource,
  selection: Parameters<EntrySource>[0],
  form: EntryForm,
  limit: number,
): TE.TaskEither<CliFailure, number> =>
  TE.tryCatch(async () => {
    let count = 0
    await print(form.begin, outputGone)
    for await (const page of entries(selection, outputGone, limit)) {
      const shown = page.slice(0, limit - count)
      if (shown.length > 0) await print(form.rows(shown, count === 0), outputGone)
      count += shown.length
      if (count >= limit || outputGone.aborted) break
    }
    await print(form.end, outputGone)
    return count
  }, ofEntries)

const formFor = (format: Format, source: string): EntryForm => {
  if (format === 'table') return TABLE_FORM
  return format === 'json' ? JSON_FORM : entryForm(format, source)
}

const JSON_FORM: EntryForm = {
  begin: '{"data":[',
  rows: (entries, isFirst) => (isFirst ? '' : ',') + entries.map(({ text }) => text).join(),
  end: ']}\n',
}
