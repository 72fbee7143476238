/** Where `serve` exposes its metrics. */
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type UsageFailure, usageFailure, wholeNumberOf } from '../../config.ts'

export type MetricsOptions = Readonly<{ metricsPort?: string; metricsHost?: string }>

/** Null: on the ledger's own port. */
export type MetricsListen = Readonly<{ host: string; port: number }> | null

export const withMetricsOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--metrics-port <port>',
        'serve /metrics on this port, without credentials, in place of --port; 0 picks a free one',
      ).env('RUN_LEDGER_METRICS_PORT'),
    )
    .addOption(
      new Option('--metrics-host <address>', 'the address of --metrics-port (default: 127.0.0.1)').env(
        'RUN_LEDGER_METRICS_HOST',
      ),
    )

/** UsageFailure for a port that is none, and for a host without a port. */
export const metricsListenOf = ({
  metricsPort,
  metricsHost,
}: MetricsOptions): E.Either<UsageFailure, MetricsListen> => {
  if (metricsPort === undefined)
    return metricsHost === undefined
      ? E.right(null)
      : E.left(usageFailure('--metrics-host needs --metrics-port: without it /metrics is on --port'))
  return pipe(
    wholeNumberOf('--metrics-port', metricsPort, { least: 0, most: 65_535 }),
    E.map((port) => ({ host: metricsHost ?? '127.0.0.1', port })),
  )
}
