/** `run-ledger tail`: the audit trail as it grows. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { NDJSON_FORM } from '../../api/entry-formats/entry-forms.ts'
import type { Client } from '../../client/client.ts'
import { type UsageFailure, usageFailure } from '../../config.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import { followEntries } from '../../read-model/queries/follow-entries.ts'
import type { EntryFilters, ReadModel } from '../../read-model/read-model.ts'
import { interruptible } from '../interruption.ts'
import { type Extent, withTrail } from '../ledger/open-trail.ts'
import { checkTypes } from '../options/known-types.ts'
import { examples, type JsonOption, withJson } from '../options/options.ts'
import { entryFiltersOf, type FilterOptions, withEntryFilters } from '../options/query-options.ts'
import { done, type Outcome, ofUsage } from '../outcome.ts'
import { TABLE_FORM } from '../output/entry-table.ts'
import { outputGone, print, remark } from '../output/output.ts'
import { storedEntries, withEntrySource } from '../reading/entry-source.ts'
import { type PlaceOptions, placeOf, type Server, withPlaceOptions } from '../reading/place.ts'
import { type Asking, withServer } from '../reading/with-client.ts'
import type { Declare } from '../subcommand.ts'

type TailOptions = PlaceOptions & JsonOption & FilterOptions & Readonly<{ from: string }>

export const declareTail: Declare = (command, ending) =>
  withJson(
    withPlaceOptions(
      withEntryFilters(command.option('--from <place>', 'start, head, or a position: entries after it', 'head')),
    ),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger tail --data ./ledger',
        'run-ledger tail --from start --type RunCompleted --json | head -5',
        'run-ledger tail --from 20138 --policy-version-id personal-loan-3.2 --url http://127.0.0.1:8080',
      )}

Each line begins with its position, for --from. It shows what reaches the read model: run a server or an import beside it.`,
    )
    .action(ending(followTrail))

const followTrail = (options: TailOptions): Outcome =>
  pipe(
    requestOf(options),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.bind('place', () => placeOf(options)),
    TE.flatMap((request) =>
      request.place.kind === 'server'
        ? followServer(request.place, request, options)
        : withTrail(request.place.config, (readModel, log) =>
            pipe(
              TE.fromEither(startOf(request.from, log)),
              TE.mapLeft(ofUsage),
              TE.tap(() => checkTypes(storedEntries(readModel, log.position), request.filters)),
              TE.flatMap((from) => follow(readModel, request.filters, from, options)),
            ),
          ),
    ),
  )

type TailRequest = Readonly<{ filters: EntryFilters; from: string }>

const requestOf = (options: TailOptions): E.Either<UsageFailure, TailRequest> =>
  pipe(E.Do, E.apS('filters', entryFiltersOf(options)), E.apS('from', fromOf(options.from)))

const fromOf = (text: string): E.Either<UsageFailure, string> =>
  /^(start|head|\d{1,20})$/.test(text)
    ? E.right(text)
    : E.left(usageFailure('--from must be start, head, or a position'))

const followServer = (server: Server, { filters, from }: TailRequest, options: TailOptions): Outcome =>
  pipe(
    withEntrySource(server, (entries) =>
      pipe(
        checkTypes(entries, filters),
        TE.flatMap(() => done),
      ),
    ),
    TE.flatMap(() => withServer(server, (asking) => followClient(asking, filters, from, options))),
  )

/** Until a signal ends it, or the server refuses it; a connection that breaks is opened again. */
const followClient = (
  { client, ofProblem }: Asking,
  filters: EntryFilters,
  from: string,
  options: TailOptions,
): Outcome =>
  interruptible((stop) =>
    pipe(
      TE.fromTask(async () => {
        const signal = AbortSignal.any([stop.signal, outputGone])
        const form = formOf(options)
        let isFirst = true
        const query = { ...filters, from: /^\d/.test(from) ? positionOf(from) : from } as StreamQuery
        const onTrouble = () => remark('run-ledger: the connection broke: it is opened again')
        for await (const entry of client.streamEntries(query, { signal, onTrouble })) {
          if (entry._tag === 'Left') return entry.left
          await print(form.rows([{ text: JSON.stringify(entry.right) }], isFirst), signal)
          isFirst = false
        }
        return null
      }),
      TE.flatMap((problem) => (problem === null ? done : TE.left(ofProblem(problem)))),
    ),
  )

type StreamQuery = Parameters<Client['streamEntries']>[0]

const formOf = ({ json }: TailOptions) => (json === true ? NDJSON_FORM : TABLE_FORM)

const positionOf = (text: string): Position => text.padStart(START.length, '0')

/** UsageFailure beyond the log's end: nothing would ever come, and nothing would say why. */
const startOf = (from: string, { head }: Extent): E.Either<UsageFailure, Position> =>
  pipe(
    { start: START, head }[from] ?? positionOf(from),
    E.fromPredicate(
      (position) => position <= head,
      () => usageFailure(`--from is beyond the end of the log, which is at position ${head.replace(/^0+(?=\d)/, '')}`),
    ),
  )

const follow = (readModel: ReadModel, filters: EntryFilters, from: Position, options: TailOptions): Outcome =>
  interruptible((stop) =>
    pipe(
      TE.fromTask(async () => {
        const signal = AbortSignal.any([stop.signal, outputGone])
        const form = formOf(options)
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
