/** Fills a log with made-up decisions, each recorded when it was made; a log that holds them already is left as it is. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { commandOfLine, type LineContext } from '../../api/command-line.ts'
import type { Clock } from '../../event-store/config.ts'
import { type EventStore, type NewEvent, START } from '../../event-store/event-store.ts'
import { readRunAt } from '../../ledger/history.ts'
import { plan } from '../../ledger/plan.ts'
import { emptyState } from '../../ledger/run-state.ts'
import { newId } from '../../lib/new-id.ts'
import { random16 } from '../../lib/random.ts'
import type { RunCommand } from '../../run/commands.ts'
import { readJson } from '../../run/read-json.ts'
import { msOf, type Time, timeOf } from '../../run/time.ts'
import { caughtUp, type OpenLedger } from '../ledger/open-ledger.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import { withProgress } from '../output/progress.ts'
import { DEMO_DAYS, type DemoCommand, type DemoLine, demoCommands, firstDemoRun } from './demo-decisions.ts'

export type FillOptions = Readonly<{
  /** The ledger's directory, for messages. */
  data: string
  seed: number
  /** The clock that the ledger was opened with. */
  clock: DemoClock
  /** Ends the filling early; the next start goes on. */
  signal: AbortSignal
}>

export type Filled = Readonly<{ lines: readonly DemoLine[]; runs: number }>

/** A clock for a store: shows the times that it is given, each once, and the present after them. */
export type DemoClock = Readonly<{ now: Clock; show: (ms: number) => void }>

export const demoClock = (): DemoClock => {
  const times: number[] = []
  let next = 0
  return { now: () => times[next++] ?? Date.now(), show: (ms) => void times.push(ms) }
}

/** Null where `signal` ended it early. Refused where the ledger holds something else than the demo of this seed. */
export const fill = (opened: OpenLedger, options: FillOptions): TE.TaskEither<CliFailure, Filled | null> =>
  pipe(
    windowOf(opened.store, options),
    TE.map((from) => demoCommands({ seed: options.seed, from })),
    TE.tap((commands) => storeMissing(opened.store, commands, options)),
    TE.map((commands) => commands.map(({ line }) => line)),
    TE.flatMap((lines) =>
      pipe(
        caughtUp(opened, { signal: options.signal }),
        TE.match(
          () => null,
          () => ({ lines, runs: new Set(lines.map(({ run_id }) => run_id)).size }),
        ),
        TE.fromTask,
      ),
    ),
  )

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** When the first decision is made: as the log has it, or so that the last one is about now. */
const windowOf = (store: EventStore, { data, seed }: FillOptions): TE.TaskEither<CliFailure, Time> =>
  pipe(
    readRunAt(store)(firstDemoRun(seed)),
    TE.map(({ run }) => run.created_at),
    TE.orElse((failure) =>
      pipe(
        store.headPosition(),
        TE.filterOrElseW(
          (head) => failure._tag === 'RunNotFound' && head === START,
          () => null,
        ),
        TE.bimap(
          () => notTheDemo(data),
          () => windowUntilNow(Date.now()),
        ),
      ),
    ),
  )

const notTheDemo = (data: string): CliFailure =>
  cliFailure(
    EXIT.refused,
    `${data} holds another ledger than this demo's, and the demo leaves it alone`,
    'give a directory of its own: --data DIR',
  )

const windowUntilNow = (now: number): Time => timeOf(now - (now % MINUTE_MS) - DEMO_DAYS * DAY_MS)

/** Stores what the log lacks. It is filled in order, so it holds as many of the commands as it holds events. */
const storeMissing = (
  store: EventStore,
  commands: readonly DemoCommand[],
  { data, clock, signal }: FillOptions,
): TE.TaskEither<CliFailure, void> =>
  pipe(
    store.headPosition(),
    TE.map((head) => Math.min(Number(head), commands.length)),
    TE.mapLeft(() => storeFailed(data)),
    TE.tap((held) => (held === 0 ? TE.right(undefined) : isHeld(store, commands, held - 1, data))),
    TE.flatMap((held) =>
      held === commands.length
        ? TE.right(undefined)
        : withProgress('Making decisions up', commands.length, (bar) => async () => {
            const events = eventsOf(commands)
            for (let at = held; at < events.length && !signal.aborted; at += BATCH) {
              const batch = events.slice(at, at + BATCH)
              const stored = await Promise.all(batch.map((event) => storeAt(store, clock, event)))
              if (stored.some(E.isLeft)) return E.left(storeFailed(data))
              bar.update(at + batch.length)
            }
            return E.right(undefined)
          }),
    ),
  )

const BATCH = 1024

const storeFailed = (data: string): CliFailure =>
  cliFailure(EXIT.store, `the store in ${data} failed: start the demo again to go on`)

/** Refused unless the log's event at `index` is that of the command there. */
const isHeld = (
  store: EventStore,
  commands: readonly DemoCommand[],
  index: number,
  data: string,
): TE.TaskEither<CliFailure, void> => {
  const { run_id = '', command_id } = commands[index]?.line ?? {}
  const revision = commands.slice(0, index).filter(({ line }) => line.run_id === run_id).length
  return pipe(
    store.readStream(run_id, { from: revision, direction: 'forward', limit: 1 }),
    TE.mapLeft(() => storeFailed(data)),
    TE.filterOrElse(
      ({ events: [event] }) =>
        event !== undefined && readJson<{ command_id: string }>(event.metadata).command_id === command_id,
      () => notTheDemo(data),
    ),
    TE.map(() => undefined),
  )
}

type DemoEvent = Readonly<{ stream: string; revision: number; recorded_at: Time; event: NewEvent }>

const storeAt = (store: EventStore, clock: DemoClock, { stream, revision, recorded_at, event }: DemoEvent) => {
  clock.show(msOf(recorded_at))
  return store.append(stream, revision === 0 ? 'no_stream' : revision - 1, [event])()
}

/** The event of each command, in the same order. */
const eventsOf = (commands: readonly DemoCommand[]): readonly DemoEvent[] => {
  const byRun = new Map<string, RunCommand[]>()
  for (const command of commands) {
    const { run_id } = command.line
    byRun.set(run_id, [...(byRun.get(run_id) ?? []), commandOf(command)])
  }
  const planned = new Map([...byRun].map(([run_id, ofRun]) => [run_id, plannedEvents(ofRun)]))
  const revisions = new Map<string, number>()
  return commands.map(({ line: { run_id }, recorded_at }) => {
    const revision = (revisions.get(run_id) ?? -1) + 1
    revisions.set(run_id, revision)
    return { stream: run_id, revision, recorded_at, event: planned.get(run_id)?.[revision] as NewEvent }
  })
}

const plannedEvents = (commands: readonly RunCommand[]): readonly NewEvent[] => {
  const { events, stop } = plan(emptyState(), commands, 0, {
    attemptOf: () => ({ event_id: newId(), nonce: random16().toString('base64url') }),
    isSeen: () => false,
  })
  // This program makes the decisions, so a fault in one is a bug.
  if (stop !== null) throw new Error(`a made-up command cannot follow: ${JSON.stringify(stop)}`)
  return events.map(({ stored }) => stored)
}

const commandOf = ({ line, recorded_at }: DemoCommand): RunCommand =>
  pipe(
    commandOfLine(line, { ...CONTEXT, received_at: recorded_at }),
    E.getOrElse<unknown, RunCommand>((errors) => {
      throw new Error(`a made-up line is wrong: ${JSON.stringify(errors)}`)
    }),
  )

const CONTEXT: Omit<LineContext, 'received_at'> = {
  recorded_by: { principal: null, via: 'cli' },
  defaultCommandId: () => null,
  defaultActor: 'demo',
}
