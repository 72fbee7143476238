/** `run-ledger history` and `run-ledger replay`: one run, event by event, read from the log or from a server. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { entryOf, entryTextOf } from '../../../projections/audit-entry.ts'
import type { Transition } from '../../../projections/current-run.ts'
import { type UsageFailure, usageFailure, wholeNumberOf } from '../../config.ts'
import type { EventStore, StoredEvent } from '../../event-store/event-store.ts'
import type { HistoryFailure } from '../../ledger/failures.ts'
import { type Moment, readTrail, replayRun } from '../../ledger/history.ts'
import { openLog } from '../ledger/open-ledger.ts'
import { examples, type JsonOption, withJson } from '../options/options.ts'
import { timeOption } from '../options/time-option.ts'
import { type CliFailure, cliFailure, closing, done, EXIT, type Outcome, ofUsage } from '../outcome.ts'
import { HISTORY_HEADER, historyLine, stepLines } from '../output/entry-text.ts'
import { remark, say } from '../output/output.ts'
import { sayRun } from '../output/run-text.ts'
import { type PlaceOptions, placeOf, type Server, withPlaceOptions } from '../reading/place.ts'
import { showServerHistory, showServerReplay } from '../reading/server-history.ts'
import type { Declare } from '../subcommand.ts'

type HistoryOptions = PlaceOptions & JsonOption
type ReplayOptions = HistoryOptions & Readonly<{ asOf?: string; knownAt?: string; revision?: string }>

export const declareHistory: Declare = (command, ending) =>
  withJson(withPlaceOptions(command))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger history loan-1 --data ./ledger',
        'run-ledger history loan-1 --json | jq -r \'select(.actor == "alice") | .occurred_at\'',
      )}

With --json each Entry is a line of JSON. Over files it is read from the log itself, also beside a running server.`,
    )
    .action(
      ending((run_id: string, options: HistoryOptions) =>
        at(options, {
          log: (log) => showHistory(log, run_id, options),
          server: (server) => showServerHistory(server, run_id, options.json === true),
        }),
      ),
    )

export const declareReplay: Declare = (command, ending) =>
  withJson(
    withPlaceOptions(
      command
        .option('--as-of <time>', 'up to what had occurred in the world by then')
        .option('--known-at <time>', 'up to what the ledger had recorded by then')
        .option('--revision <n>', 'up to this event'),
    ),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger replay loan-1 --data ./ledger',
        'run-ledger replay loan-1 --as-of 2026-05-04T12:00:00Z',
        "run-ledger replay loan-1 --json | jq -c '[.revision, .run.status]'",
      )}

With --json each step is a line {"revision","entry","run"}, with the Run after it.`,
    )
    .action(
      ending((run_id: string, options: ReplayOptions) =>
        pipe(
          TE.fromEither(momentOf(options)),
          TE.mapLeft(ofUsage),
          TE.flatMap((moment) =>
            at(options, {
              log: (log) => showReplay(log, run_id, moment, options),
              server: (server) => showServerReplay(server, run_id, moment, options.json === true),
            }),
          ),
        ),
      ),
    )

/** Reads the log itself, or asks a server. */
const at = (
  options: PlaceOptions,
  use: Readonly<{ log: (log: EventStore) => Outcome; server: (server: Server) => Outcome }>,
): Outcome =>
  pipe(
    placeOf(options),
    TE.flatMap((place) =>
      place.kind === 'server' ? use.server(place) : TE.bracket(openLog(place.config), use.log, closing),
    ),
  )

const momentOf = ({ asOf, knownAt, revision }: ReplayOptions): E.Either<UsageFailure, Moment> => {
  if (revision === undefined)
    return pipe(E.Do, E.apS('as_of', timeOption('--as-of', asOf)), E.apS('known_at', timeOption('--known-at', knownAt)))
  if (asOf !== undefined || knownAt !== undefined)
    return E.left(usageFailure('--revision cannot be combined with --as-of and --known-at'))
  return pipe(
    wholeNumberOf('--revision', revision, { least: 0, most: 999_999_999 }),
    E.map((number) => ({ revision: number })),
  )
}

const showHistory = (log: EventStore, run_id: string, { json }: HistoryOptions): Outcome => {
  let isFirst = true
  const show = (stored: StoredEvent, transition: Transition | null): void => {
    if (isFirst && !json) say(HISTORY_HEADER)
    isFirst = false
    say(json ? entryTextOf(stored, transition).text : historyLine(entryOf(stored, transition)))
  }
  return pipe(
    readTrail(log)(run_id, show),
    TE.mapLeft(ofHistory(run_id)),
    TE.tapIO((unread) => () => {
      if (unread !== null) remark(`run-ledger: ${unreadable(unread)}`)
    }),
    TE.flatMap(() => done),
  )
}

const showReplay = (log: EventStore, run_id: string, moment: Moment, { json }: ReplayOptions): Outcome => {
  const show = (stored: StoredEvent, transition: Transition): void => {
    if (json) say(stepJson(stored, transition))
    else for (const line of stepLines(entryOf(stored, transition))) say(line)
  }
  return pipe(
    replayRun(log)(run_id, moment, show),
    TE.mapLeft(ofHistory(run_id)),
    TE.tapIO(({ run, revision }) => () => {
      if (!json) sayRun(run, revision)
    }),
    TE.flatMap(() => done),
  )
}

const stepJson = (stored: StoredEvent, transition: Transition): string => {
  const entry = entryTextOf(stored, transition).text
  return `{"revision":${stored.revision},"entry":${entry},"run":${JSON.stringify(transition.after)}}`
}

const ofHistory =
  (run_id: string) =>
  (failure: HistoryFailure): CliFailure => {
    switch (failure._tag) {
      case 'RunNotFound':
        return cliFailure(EXIT.refused, `no run has the id ${run_id}`)
      case 'RunNotYetCreated':
        return cliFailure(EXIT.refused, `${run_id} had not been created then, or the ledger did not know of it yet`)
      case 'NoSuchRevision':
        return cliFailure(EXIT.refused, `${run_id} has no such revision: its last one is ${failure.last}`)
      case 'RunUnreadable':
        return cliFailure(EXIT.refused, unreadable(failure))
      case 'RunDeleted':
        return cliFailure(EXIT.refused, `${run_id} was deleted`)
      case 'LogUnavailable':
        return cliFailure(EXIT.store, `the log cannot be read: ${failure.detail}`)
      default:
        return failure satisfies never
    }
  }

const unreadable = ({ run_id, revision, type, detail }: Extract<HistoryFailure, { _tag: 'RunUnreadable' }>): string =>
  `${run_id} cannot be read from revision ${revision} on (${type}: ${detail})`
