/** `run-ledger tail`: the audit trail as it grows. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { NDJSON_FORM } from '../../api/entry-forms.ts'
import { type LedgerConfig, ledgerConfigOf, type UsageFailure, usageFailure } from '../../config.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import { followEntries } from '../../read-model/queries/follow-entries.ts'
import type { EntryFilters, ReadModel } from '../../read-model/read-model.ts'
import { interruptible } from '../interruption.ts'
import { type Extent, withTrail } from '../ledger/open-trail.ts'
import { checkTypes } from '../options/known-types.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { entryFiltersOf, type FilterOptions, withEntryFilters } from '../options/query-options.ts'
import { done, type Outcome, ofUsage } from '../outcome.ts'
import { TABLE_FORM } from '../output/entry-table.ts'
import { outputGone, print, remark } from '../output/output.ts'
import type { Declare } from '../subcommand.ts'

type TailOptions = CommonOptions & FilterOptions & Readonly<{ from: string }>

export const declareTail: Declare = (command, ending) =>
  withJson(
    withLedgerOptions(
      withEntryFilters(command.option('--from <place>', 'start, head, or a position: entries after it', 'head')),
    ),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger tail --data ./ledger',
        'run-ledger tail --from start --type RunCompleted --json | head -5',
        'run-ledger tail --from 20138 --policy-version-id personal-loan-3.2',
      )}

Each line begins with its position, for --from. It shows what reaches the read model: run a server or an import beside it.`,
    )
    .action(ending(followTrail))

const followTrail = (options: TailOptions): Outcome =>
  pipe(
    requestOf(options),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap((request) =>
      withTrail(request.config, (readModel, log) =>
        pipe(
          TE.fromEither(startOf(request.from, log)),
          TE.mapLeft(ofUsage),
          TE.tap(() => checkTypes(readModel, request.filters, log.position)),
          TE.flatMap((from) => follow(readModel, request.filters, from, options)),
        ),
      ),
    ),
  )

type TailRequest = Readonly<{ config: LedgerConfig; filters: EntryFilters; from: string }>

const requestOf = (options: TailOptions): E.Either<UsageFailure, TailRequest> =>
  pipe(
    E.Do,
    E.apS('config', ledgerConfigOf(options)),
    E.apS('filters', entryFiltersOf(options)),
    E.apS('from', placeOf(options.from)),
  )

const placeOf = (text: string): E.Either<UsageFailure, string> =>
  /^(start|head|\d{1,20})$/.test(text)
    ? E.right(text)
    : E.left(usageFailure('--from must be start, head, or a position'))

/** UsageFailure beyond the log's end: nothing would ever come, and nothing would say why. */
const startOf = (from: string, { head }: Extent): E.Either<UsageFailure, Position> =>
  pipe(
    { start: START, head }[from] ?? from.padStart(START.length, '0'),
    E.fromPredicate(
      (position) => position <= head,
      () => usageFailure(`--from is beyond the end of the log, which is at position ${head.replace(/^0+(?=\d)/, '')}`),
    ),
  )

const follow = (readModel: ReadModel, filters: EntryFilters, from: Position, { json }: TailOptions): Outcome =>
  interruptible((stop) =>
    pipe(
      TE.fromTask(async () => {
        const signal = AbortSignal.any([stop.signal, outputGone])
        const form = json === true ? NDJSON_FORM : TABLE_FORM
        let [isFirst, wasStill] = [true, false]
        for await (const { entries } of followEntries(readModel, filters, { from, signal, idle: IDLE_MS })) {
          if (entries.length > 0) {
            await print(form.rows(entries, isFirst), signal)
            isFirst = false
          }
          const isStill = await isLeftAlone(readModel)
          if (isStill && !wasStill) remark(STILL)
          wasStill = isStill
        }
      }),
      TE.flatMap(() => done),
    ),
  )

/** Where no entries come, this is how often the projector is checked, in ms. */
const IDLE_MS = 10_000

/** A projector's heart beats every 2 s. */
const STILL_AFTER_MS = 10_000

const STILL = 'run-ledger: the read model is not being kept up to date: new entries come once `run-ledger serve` runs'

/** Whether no projector writes the read model. */
const isLeftAlone = (readModel: ReadModel): Promise<boolean> =>
  pipe(
    readModel.projections(),
    TE.match(
      () => true,
      ({ projections }) => {
        const beats = projections.map(({ last_heartbeat }) => Date.parse(last_heartbeat ?? START_OF_TIME))
        return Date.now() - Math.max(...beats) > STILL_AFTER_MS
      },
    ),
  )()

const START_OF_TIME = '1970-01-01T00:00:00.000Z'
