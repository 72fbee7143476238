/** `run-ledger runs list|get|stats|provenance`: runs now and as they were, their figures, and who set what. */
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { BUCKETS, type PolicyStatsQuery } from '../../../api/policy-stats.ts'
import type { RunListQuery } from '../../../api/run-query.ts'
import { each } from '../../../client/client.ts'
import type { QueryOf } from '../../../client/query.ts'
import { type UsageFailure, wholeNumberOf } from '../../../config.ts'
import { examples } from '../../options/options.ts'
import { type RunOptions, runQueryOf, withRunOptions } from '../../options/run-options.ts'
import { timeOption } from '../../options/time-option.ts'
import { done, type Ending, type Outcome, ofUsage } from '../../outcome.ts'
import { columnsOf } from '../../output/columns.ts'
import { formatOf, type ListOptions, type OutputOptions, withListOutput, withOutput } from '../../output/format.ts'
import { remark, say, sayJson, sayText } from '../../output/output.ts'
import { printList } from '../../output/print-list.ts'
import { printRun, RUN_COLUMNS } from '../../output/run-text.ts'
import { count } from '../../output/wording.ts'
import { askRun, checkIds, noSuchRun } from '../../reading/known-ids.ts'
import { type PlaceOptions, withPlaceOptions } from '../../reading/place.ts'
import { withClient } from '../../reading/with-client.ts'
import type { Declare } from '../../subcommand.ts'

type RunsListOptions = PlaceOptions & ListOptions & RunOptions & Readonly<{ count?: boolean }>
type RunsGetOptions = PlaceOptions &
  OutputOptions &
  Readonly<{ asOf?: string; knownAt?: string; revision?: string; columns?: string }>
type RunsStatsOptions = PlaceOptions &
  ListOptions &
  Readonly<{ from?: string; to?: string; bucket?: (typeof BUCKETS)[number] }>

export const declareRuns: Declare = (runs, ending) => {
  declareList(runs, ending)
  declareGet(runs, ending)
  declareStats(runs, ending)
  declareProvenance(runs, ending)
}

const declareList = (runs: Command, ending: Ending): void => {
  withPlaceOptions(
    withListOutput(
      withRunOptions(runs.command('list').description('Matching runs, newest first')).option(
        '--count',
        'print only how many match',
      ),
    ),
  )
    .addHelpText(
      'after',
      examples(
        'run-ledger runs list --result DECLINED --since 7d',
        'run-ledger runs list --status IN_REVIEW --columns run_id,input.amount_requested,metadata.score',
        'run-ledger runs list --policy-version-id personal-loan-3.2 -o csv --url http://127.0.0.1:8080 > runs.csv',
        'run-ledger runs list --status STARTED --as-of 2026-05-04 --count',
        `run-ledger runs list -q 'result = "DECLINED" and input.amount_requested > 20000' --count`,
      ),
    )
    .action(ending(listRuns))
}

const listRuns = (options: RunsListOptions): Outcome =>
  pipe(
    runQueryOf(options),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap((query) => (options.count === true ? countRuns(query, options) : printRuns(query, options))),
  )

const printRuns = (query: QueryOf<RunListQuery>, options: RunsListOptions): Outcome =>
  printList(options, {
    columns: RUN_COLUMNS,
    list: ({ listRuns }, limit) => each(listRuns, { ...query, limit }),
    none: 'no run matches',
    check: (client) => checkIds(client, options),
  })

const countRuns = (query: QueryOf<RunListQuery>, options: RunsListOptions): Outcome =>
  pipe(
    TE.fromEither(formatOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap((format) =>
      withClient(options, ({ ask }) =>
        pipe(
          ask(({ listRuns }) => listRuns({ ...query, limit: 1, count: true })),
          TE.flatMap(({ count: runs = 0 }) => {
            if (format === 'table') say(count(runs))
            else if (format === 'csv') sayText(`count\r\n${runs}\r\n`)
            else sayJson({ count: runs })
            return done
          }),
        ),
      ),
    ),
  )

const declareGet = (runs: Command, ending: Ending): void => {
  withPlaceOptions(
    withOutput(runs.command('get <run_id>').description('A run, now or as it was'))
      .option('--columns <names>', 'the columns of csv, with commas between; nested ones with dots')
      .option('--as-of <time>', 'as of that time')
      .option('--known-at <time>', 'as the ledger knew it then')
      .option('--revision <n>', 'after this event'),
  )
    .addHelpText(
      'after',
      examples(
        'run-ledger runs get loan-1',
        'run-ledger runs get loan-1 --as-of 2026-05-04 -o json',
        'run-ledger runs get loan-1 --revision 2 --json | jq .run_metadata',
      ),
    )
    .action(ending(getRun))
}

const getRun = (run_id: string, options: RunsGetOptions): Outcome =>
  pipe(
    E.Do,
    E.apS('as_of', timeOption('--as-of', options.asOf)),
    E.apS('known_at', timeOption('--known-at', options.knownAt)),
    E.apS('revision', revisionOf(options.revision)),
    E.bindTo('query'),
    E.apS('format', formatOf(options)),
    E.apS('columns', columnsOf(RUN_COLUMNS, options.columns)),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap(({ query, format, columns }) =>
      withClient(options, (asking) =>
        pipe(
          askRun(asking, run_id, ({ getRun }) => getRun(run_id, query)),
          TE.flatMap(({ run, quarantined }) => {
            if (quarantined !== null)
              remark(`run-ledger: its event at revision ${quarantined} cannot be read: this is the last good state`)
            printRun(run, format, options.columns === undefined ? null : columns)
            return done
          }),
        ),
      ),
    ),
  )

const revisionOf = (text: string | undefined): E.Either<UsageFailure, number | undefined> =>
  text === undefined ? E.right(undefined) : wholeNumberOf('--revision', text, { least: 0, most: 999_999_999 })

const declareStats = (runs: Command, ending: Ending): void => {
  withPlaceOptions(
    withListOutput(runs.command('stats <policy_version_id>').description('Figures of the runs of a policy version'))
      .option('--from <time>', 'of runs created then or later; the beginning of an hour or, by day, of a day')
      .option('--to <time>', 'of runs created earlier')
      .addOption(new Option('--bucket <length>', 'one line for each (default: total)').choices(BUCKETS)),
  )
    .addHelpText(
      'after',
      examples(
        'run-ledger runs stats personal-loan-3.2',
        'run-ledger runs stats personal-loan-3.2 --bucket day --from 2026-05-01 --to 2026-05-08',
      ),
    )
    .action(ending(showStats))
}

const showStats = (policy_version_id: string, options: RunsStatsOptions): Outcome =>
  pipe(
    E.Do,
    E.apS('from', timeOption('--from', options.from)),
    E.apS('to', timeOption('--to', options.to)),
    E.let('bucket', () => options.bucket),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap((query: QueryOf<PolicyStatsQuery>) =>
      printList(options, {
        columns: STATS_COLUMNS,
        all: ({ getPolicyStats }) => getPolicyStats(policy_version_id, query),
        none: 'no run of this policy version matches',
        check: (client) => checkIds(client, { policyVersionId: [policy_version_id] }),
      }),
    ),
  )

const STATS_COLUMNS = {
  fields: ['from', 'to', 'runs', 'by_status', 'error_rate', 'results', 'duration_ms'],
  usual: ['from', 'to', 'runs', 'error_rate', 'duration_ms.mean', 'duration_ms.p50', 'duration_ms.p95', 'by_status'],
}

const declareProvenance = (runs: Command, ending: Ending): void => {
  withPlaceOptions(
    withListOutput(
      runs.command('provenance <run_id>').description('For each field of a run, the Entry that set its present value'),
    ),
  )
    .addHelpText(
      'after',
      examples(
        'run-ledger runs provenance loan-1',
        'run-ledger runs provenance loan-1 --columns path,value,entry.actor,entry.reason',
      ),
    )
    .action(ending(showProvenance))
}

const showProvenance = (run_id: string, options: PlaceOptions & ListOptions): Outcome =>
  printList(options, {
    columns: PROVENANCE_COLUMNS,
    all: async ({ getProvenance }) => {
      const answer = await getProvenance(run_id)
      return answer._tag === 'Left' && answer.left._tag === 'run-not-found' ? NOTHING : answer
    },
    none: 'no field is set',
    check: (client) => noSuchRun(client, run_id),
  })

const NOTHING = { _tag: 'Right', right: { data: [] } } as const

const PROVENANCE_COLUMNS = {
  fields: ['path', 'value', 'entry'],
  usual: ['path', 'value', 'entry.revision', 'entry.occurred_at', 'entry.actor', 'entry.reason'],
}
