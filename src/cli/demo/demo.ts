/** `run-ledger demo`: a ledger full of made-up credit decisions, served, with what to try next. */
import type { Command } from 'commander'
import { right } from 'fp-ts/lib/Either.js'
import type { LedgerConfig } from '../../config.ts'
import { examples, type JsonOption, withJson } from '../options.ts'
import { type Ending, EXIT, type Outcome, usageFailure } from '../outcome.ts'
import { aborted, count, interruption, say, sayJson } from '../terminal.ts'

type DemoOptions = JsonOption & Readonly<{ data: string; port: string; seed: string }>

// No environment twins: a demo must never find its way into a ledger that somebody works with.
export const addDemo = (program: Command, ending: Ending): void => {
  const command = program
    .command('demo')
    .description('Fill a ledger with made-up credit decisions and serve it. A second start reuses what is there.')
    .option('--data <dir>', 'the directory of the demo', './run-ledger-data/demo')
    .option('--port <port>', 'the port; 0 picks a free one', '8080')
    .option('--seed <number>', 'another number makes other decisions', '1')
  withJson(command)
    .addHelpText('after', examples('run-ledger demo', 'run-ledger demo --data ./demo-2 --seed 2 --port 0'))
    .action(ending((options: DemoOptions) => demo(options, command.getOptionValueSource('port') === 'default')))
}

/** `anyPort`: where the port is taken, the next free one will do. */
const demo = async (options: DemoOptions, anyPort: boolean): Promise<Outcome> => {
  const { ledgerConfigOf, listenConfigOf, wholeNumberOf } = await import('../../config.ts')
  const config = ledgerConfigOf({ data: options.data })
  if (config._tag === 'Left') return usageFailure(config.left)
  const listen = listenConfigOf({ host: '127.0.0.1', port: options.port })
  if (listen._tag === 'Left') return usageFailure(listen.left)
  const seed = wholeNumberOf('--seed', options.seed, { least: 0, most: 99_999 })
  if (seed._tag === 'Left') return usageFailure(seed.left)
  const stop = interruption()
  const outcome = await fillAndServe(options, config.right, {
    ports: portsFrom(listen.right.port, anyPort),
    seed: seed.right,
    signal: stop.signal,
  })
  stop.release()
  return outcome
}

const NEXT_PORTS = 9

const portsFrom = (port: number, any: boolean): readonly number[] =>
  any ? [...Array.from({ length: 1 + NEXT_PORTS }, (_, next) => port + next), 0] : [port]

type DemoPlan = Readonly<{ ports: readonly number[]; seed: number; signal: AbortSignal }>

const fillAndServe = async (
  { data, json }: DemoOptions,
  config: LedgerConfig,
  { ports, seed, signal }: DemoPlan,
): Promise<Outcome> => {
  const [{ caughtUp, openLedger }, { projectorLogTo, serveLedger }, { createLogger }, { fill }, { tour }] =
    await Promise.all([
      import('../open-ledger.ts'),
      import('../serving.ts'),
      import('../../http/request/logger.ts'),
      import('./demo-fill.ts'),
      import('./demo-tour.ts'),
    ])
  const logger = await createLogger('warn')
  const opened = await openLedger(config, { log: projectorLogTo(logger) })
  if (opened._tag === 'Left') return opened
  const filled = await fill(opened.right, { data, seed, signal })
  if (filled._tag === 'Left' || signal.aborted || (await caughtUp(opened.right, { signal })) !== null) {
    await opened.right.close()
    return filled._tag === 'Left' ? filled : right(EXIT.done)
  }
  const serving = await serveLedger(opened.right, config, { host: '127.0.0.1', ports, logger })
  if (serving._tag === 'Left') return serving
  const { url, readModel, close } = serving.right
  const { lines, runs } = filled.right
  if (json) sayJson({ url, data, runs, events: lines.length })
  else {
    say(url)
    say('')
    say(`${count(runs)} made-up credit decisions, told by ${count(lines.length)} events, are in ${data}.`)
    for (const line of await tour({ url, data, readModel, lines })) say(line)
  }
  await aborted(signal)
  await close()
  return right(EXIT.done)
}
