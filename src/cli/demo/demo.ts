/** `run-ledger demo`: a ledger full of made-up credit decisions, served, with what to try next. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import { type LedgerConfig, ledgerConfigOf, listenConfigOf, type UsageFailure, wholeNumberOf } from '../../config.ts'
import { createLogger } from '../../http/request/logger.ts'
import { aborted, interruptible } from '../interruption.ts'
import { openLedger } from '../ledger/open-ledger.ts'
import { projectorLogTo, type Serving, serveLedger } from '../ledger/serving.ts'
import { examples, type JsonOption, withJson } from '../options/options.ts'
import { type CliFailure, closing, done, type Outcome, ofUsage } from '../outcome.ts'
import { say, sayJson } from '../output/output.ts'
import { count } from '../output/wording.ts'
import type { Declare } from '../subcommand.ts'
import { demoClock, type Filled, fill } from './demo-fill.ts'
import { tour } from './demo-tour.ts'

type DemoOptions = JsonOption & Readonly<{ data: string; readModel?: string; port: string; seed: string }>

// No environment variables: a demo must never find its way into a ledger that somebody works with.
export const declareDemo: Declare = (command, ending) =>
  withJson(
    command
      .option('--data <dir>', 'the directory of the demo', './run-ledger-data/demo')
      .option('--read-model <store>', 'sqlite:PATH or postgres://USER@HOST/DATABASE, where it is not in the directory')
      .option('--port <port>', 'the port; 0 picks a free one', '8080')
      .option('--seed <number>', 'another number makes other decisions', '1'),
  )
    .addHelpText('after', examples('run-ledger demo', 'run-ledger demo --data ./demo-2 --seed 2 --port 0'))
    .action(ending((options: DemoOptions) => demo(options, command.getOptionValueSource('port') === 'default')))

/** `anyPort`: where the port is taken, the next free one is used. */
const demo = (options: DemoOptions, anyPort: boolean): Outcome =>
  pipe(
    planOf(options, anyPort),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap((plan) =>
      interruptible(({ signal }) =>
        pipe(
          TE.fromTask(() => createLogger('warn')),
          TE.flatMap((logger) => fillAndServe(plan, logger, signal)),
        ),
      ),
    ),
  )

type DemoPlan = Readonly<{
  config: LedgerConfig
  ports: readonly [number, ...number[]]
  seed: number
  data: string
  there: string
  json: boolean
}>

const planOf = (
  { data, readModel, port, seed, json }: DemoOptions,
  anyPort: boolean,
): E.Either<UsageFailure, DemoPlan> =>
  pipe(
    E.Do,
    E.apS('config', ledgerConfigOf({ data, readModel })),
    E.apS('listen', listenConfigOf({ host: '127.0.0.1', port })),
    E.apS('seed', wholeNumberOf('--seed', seed, { least: 0, most: 99_999 })),
    E.map(({ listen, ...parts }) => ({
      ...parts,
      data,
      there: flagsOf(data, readModel),
      json: json === true,
      ports: portsFrom(listen.port, anyPort),
    })),
  )

const flagsOf = (data: string, readModel: string | undefined): string =>
  readModel === undefined ? `--data ${data}` : `--data ${data} --read-model '${readModel}'`

const NEXT_PORTS = 9

const portsFrom = (port: number, any: boolean): DemoPlan['ports'] =>
  any ? [port, ...Array.from({ length: NEXT_PORTS }, (_, next) => port + 1 + next), 0] : [port]

const fillAndServe = (plan: DemoPlan, logger: Logger, signal: AbortSignal): Outcome => {
  const clock = demoClock()
  return pipe(
    openLedger(plan.config, { log: projectorLogTo(logger), clock: clock.now }),
    TE.flatMap((opened) =>
      pipe(
        fill(opened, { data: plan.data, seed: plan.seed, clock, signal }),
        TE.tapError(() => TE.fromTask(opened.close)),
        TE.flatMap((filled) =>
          filled === null
            ? pipe(
                TE.fromTask<void, CliFailure>(opened.close),
                TE.flatMap(() => done),
              )
            : TE.bracket(
                serveLedger(opened, plan.config, { host: '127.0.0.1', ports: plan.ports, logger }),
                (serving) => untilStopped(plan, serving, filled, signal),
                closing,
              ),
        ),
      ),
    ),
  )
}

const untilStopped = (plan: DemoPlan, serving: Serving, filled: Filled, signal: AbortSignal): Outcome =>
  pipe(
    TE.fromTask(() => introduce(plan, serving, filled)),
    TE.flatMap(() => aborted(signal)),
    TE.flatMap(() => done),
  )

const introduce = async (
  { data, there, json }: DemoPlan,
  { url, readModel }: Serving,
  { lines, runs }: Filled,
): Promise<void> => {
  if (json) return sayJson({ url, data, runs, events: lines.length })
  say(url)
  say('')
  say(`${count(runs)} made-up credit decisions, in ${count(lines.length)} events, are in ${data}.`)
  for (const line of await tour({ url, there, readModel, lines })) say(line)
}
