/** `run-ledger projections status|rebuild|retry`: the state and the upkeep of the read model. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf } from '../../config.ts'
import type { PostgresConfig } from '../../read-model/config.ts'
import { startProjector } from '../../read-model/open.ts'
import type { Asking } from '../../read-model/postgres/projector/asking.ts'
import type {
  Projector,
  ProjectorFailure,
  ProjectorOptions,
  RetryFailure,
} from '../../read-model/projector/projector.ts'
import { projectionStatus } from '../../read-model/queries/projection-status.ts'
import type { ProjectionStatus, QuarantinedRun } from '../../read-model/read-model.ts'
import { eventsIn, ofProjector, ofReading, ofReadModel, openLog, openTables } from '../ledger/open-ledger.ts'
import { type CommonOptions, examples, type JsonOption, withJson, withLedgerOptions } from '../options/options.ts'
import { type CliFailure, cliFailure, closing, done, EXIT, failed, type Outcome, ofUsage, ownerOf } from '../outcome.ts'
import { say, sayJson, shown } from '../output/output.ts'
import { type Progress, withProgress } from '../output/progress.ts'
import { count } from '../output/wording.ts'
import { type PlaceOptions, placeOf, type Server, withPlaceOptions } from '../reading/place.ts'
import { withServer } from '../reading/with-client.ts'
import type { Declare } from '../subcommand.ts'

type RetryOptions = CommonOptions & Readonly<{ all?: boolean }>

export const declareProjections: Declare = (projections, ending) => {
  const status = projections.command('status').description('How far the read model is, and which runs it cannot read')
  withJson(withPlaceOptions(status))
    .addHelpText(
      'after',
      examples(
        'run-ledger projections status --data ./ledger',
        'run-ledger projections status --url http://127.0.0.1:8080',
      ),
    )
    .action(ending(showStatus))

  const rebuild = projections.command('rebuild').description('Rebuild the read model from the log')
  withJson(withLedgerOptions(rebuild))
    .addHelpText(
      'after',
      `${examples('run-ledger projections rebuild --data ./ledger')}

A running server owns its read model: restart it with \`run-ledger serve --rebuild\`, and it rebuilds while it serves.`,
    )
    .action(ending((options: CommonOptions) => withConfig(options, rebuildTables)))

  const retry = projections
    .command('retry')
    .description('Try again to read runs that could not be read')
    .argument('[run_id]', 'the run')
    .option('--all', 'every such run')
  withJson(withLedgerOptions(retry))
    .addHelpText(
      'after',
      examples(
        'run-ledger projections retry application-110042 --data ./ledger',
        'run-ledger projections retry --all --data ./ledger',
      ),
    )
    .action(
      ending((run_id: string | undefined, options: RetryOptions) =>
        (run_id === undefined) === (options.all === undefined)
          ? failed(EXIT.usage, 'name the run to retry, or give --all')
          : withConfig(options, (config) =>
              pipe(
                run_id === undefined ? TE.right(undefined) : checkRun(config, run_id),
                TE.flatMap(() => retryRuns(config, options, run_id)),
              ),
            ),
      ),
    )
}

type Action = (config: LedgerConfig, options: CommonOptions) => Outcome

const withConfig = (options: CommonOptions, action: Action): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap((config) => action(config, options)),
  )

const showStatus = (options: PlaceOptions & JsonOption): Outcome =>
  pipe(
    placeOf(options),
    TE.flatMap((place) =>
      place.kind === 'server' ? showServerStatus(place, options) : showLocalStatus(place.config, options),
    ),
  )

const showServerStatus = (server: Server, options: JsonOption): Outcome =>
  withServer(server, ({ ask }) =>
    pipe(
      ask(({ listProjections }) => listProjections()),
      TE.flatMap(({ data }) => {
        sayStatuses(data, options)
        return done
      }),
    ),
  )

const showLocalStatus = (config: LedgerConfig, options: JsonOption): Outcome =>
  pipe(
    TE.bracket(
      openLog(config),
      (log) =>
        TE.bracket(
          openTables(config),
          (readModel) => pipe(projectionStatus(readModel, log), TE.mapLeft(ofReading)),
          closing,
        ),
      closing,
    ),
    TE.tapIO(
      ({ projections }) =>
        () =>
          sayStatuses(projections, options),
    ),
    TE.flatMap(() => done),
  )

const sayStatuses = (statuses: readonly ProjectionStatus[], { json }: JsonOption): void => {
  const width = Math.max(...statuses.map(({ name }) => name.length))
  if (json) sayJson({ data: statuses })
  else for (const status of statuses) for (const line of linesOf(status, width)) say(line)
}

/** `width`: of the longest name. */
const linesOf = (status: ProjectionStatus, width: number): readonly string[] => [
  `${status.name.padEnd(width)} (version ${status.version}) is at position ${status.position}, ${lagOf(status)}${status.rebuilding ? ', being rebuilt' : ''}`,
  ...status.quarantined.map(quarantineLine),
]

const lagOf = ({ caught_up, lag_events, lag_seconds }: ProjectionStatus): string => {
  if (caught_up) return 'caught up'
  if (lag_events === null || lag_seconds === null) return 'and the log does not answer'
  return `${count(lag_events)} events behind, the oldest waiting for ${lag_seconds.toFixed(1)} s`
}

const quarantineLine = ({ run_id, revision, type, detail, since }: QuarantinedRun): string =>
  `  ${run_id} cannot be read from revision ${revision} on (${shown(`${type}: ${detail}`)}), since ${since}`

/** Those of a projector that a command uses. */
type Upkeep = Pick<Projector, 'rebuild' | 'retry'>

/** Into SQLite a projector in this process works, and no other; into PostgreSQL those that run, or one here where none does. */
const withProjector = (
  config: LedgerConfig,
  starting: Pick<ProjectorOptions, 'rebuild' | 'onRebuilt'>,
  use: (projector: Upkeep) => Outcome,
): Outcome =>
  config.readModel.kind === 'sqlite'
    ? withOwnProjector(config, starting, use)
    : TE.bracket(
        askingAt(config.readModel),
        (asking) =>
          pipe(
            asking.isProjected(),
            TE.mapLeft(ofReadModel),
            TE.flatMap((isProjected) => (isProjected ? use(asking) : withOwnProjector(config, starting, use))),
          ),
        closing,
      )

const withOwnProjector: typeof withProjector = ({ eventStore, readModel }, starting, use) =>
  TE.bracket(
    pipe(startProjector(readModel, { eventStore, ...starting }), TE.mapLeft(ofStarting(starting.rebuild === true))),
    use,
    (projector) => TE.fromTask(projector.stop),
  )

/** The projectors of other processes, which do what is asked of them. */
const askingAt = ({ url }: PostgresConfig): TE.TaskEither<CliFailure, Asking> =>
  TE.fromTask(async () => (await import('../../read-model/postgres/projector/asking.ts')).openAsking(url))

const ofStarting =
  (isRebuild: boolean) =>
  (failure: ProjectorFailure): CliFailure =>
    failure._tag === 'StoreInUse'
      ? cliFailure(
          EXIT.store,
          `${failure.path} is in use by ${ownerOf(failure)}`,
          isRebuild
            ? 'stop it first, or restart it as `run-ledger serve --rebuild`'
            : 'stop it first: it tries again by itself when it starts',
        )
      : ofProjector(failure)

const ofStopped = (): CliFailure =>
  cliFailure(EXIT.store, 'the projector ended before it was done: run the same command again')

const ofRetrying = (failure: RetryFailure): CliFailure =>
  failure._tag === 'ReadModelDamaged' || failure._tag === 'ReadModelOutOfReach' ? ofProjector(failure) : ofStopped()

const rebuildTables: Action = (config, { json }) =>
  withRebuildBar(config, (bar) =>
    withProjector(config, { rebuild: true, onRebuilt: bar.update }, (projector) =>
      pipe(
        projector.rebuild(),
        TE.mapLeft(ofStopped),
        TE.tapIO(({ position, events, seconds }) => () => {
          bar.stop()
          if (json) sayJson({ position, events, seconds })
          else say(`rebuilt from ${count(events)} events in ${seconds.toFixed(1)} s`)
        }),
        TE.flatMap(() => done),
      ),
    ),
  )

const withRebuildBar = (config: LedgerConfig, use: (bar: Progress) => Outcome): Outcome =>
  pipe(
    TE.bracket(openLog(config), (log) => TE.fromTask<number | null, CliFailure>(eventsIn(log)), closing),
    TE.flatMap((events) => withProgress('Rebuilding', events, use)),
  )

/** Refused where the log has no event of the run. */
const checkRun = (config: LedgerConfig, run_id: string): TE.TaskEither<CliFailure, void> =>
  TE.bracket(
    openLog(config),
    (log) =>
      pipe(
        log.readStream(run_id, { from: 0, direction: 'forward', limit: 1 }),
        TE.matchE(
          // One that was deleted, or a log that does not answer, is for the projector to find.
          () => TE.right(undefined),
          ({ events }) =>
            events.length > 0 ? TE.right(undefined) : failed(EXIT.refused, `no run has the id ${shown(run_id)}`),
        ),
      ),
    closing,
  )

const retryRuns = (config: LedgerConfig, { json }: RetryOptions, run_id: string | undefined): Outcome => {
  const isMeant = (run: QuarantinedRun) => run_id === undefined || run.run_id === run_id
  return pipe(
    // Looked up before: the start of the projector is a try already.
    quarantinedIn(config),
    TE.flatMap((before) =>
      withProjector(config, {}, (projector) =>
        pipe(
          projector.retry(run_id === undefined ? 'all' : { run_id }),
          TE.mapLeft(ofRetrying),
          TE.map(({ quarantined }) => sayRetried(before.filter(isMeant), quarantined.filter(isMeant), json === true)),
        ),
      ),
    ),
  )
}

/** Says which runs can be read again, and returns the exit status. */
const sayRetried = (
  before: readonly QuarantinedRun[],
  quarantined: readonly QuarantinedRun[],
  json: boolean,
): number => {
  const unreadable = new Set(quarantined.map((run) => run.run_id))
  const recovered = before.map((run) => run.run_id).filter((id) => !unreadable.has(id))
  if (json) sayJson({ recovered, quarantined })
  else {
    for (const id of recovered) say(`${id} can be read again`)
    for (const run of quarantined) say(quarantineLine(run).trimStart())
    if (recovered.length + quarantined.length === 0) say('no such run is waiting: nothing to retry')
  }
  return quarantined.length === 0 ? EXIT.done : EXIT.refused
}

/** None where there is no read model yet: what opens it next says what is wrong with it. */
const quarantinedIn = (config: LedgerConfig): TE.TaskEither<never, readonly QuarantinedRun[]> =>
  pipe(
    TE.bracket(openTables(config), (readModel) => pipe(readModel.projections(), TE.mapLeft(ofReading)), closing),
    TE.map(({ projections }) => projections.flatMap(({ quarantined }) => quarantined)),
    TE.orElse(() => TE.right<never, readonly QuarantinedRun[]>([])),
  )
