/** `run-ledger serve`: the HTTP API over a ledger. */
import * as E from 'fp-ts/lib/Either.js'
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import type { AccessLog } from '../../access-log/access-log.ts'
import {
  cloudEventsSourceOf,
  type LedgerConfig,
  type ListenConfig,
  type ListenOptions,
  ledgerConfigOf,
  listenConfigOf,
  publicUrlOf,
  usageFailure,
  wholeNumberOf,
} from '../../config.ts'
import type { Door } from '../../http/door/door.ts'
import type { LineartPolicies } from '../../http/lineart/policies.ts'
import { createLogger } from '../../http/request/logger.ts'
import { measureCheckpoints } from '../../metrics/measure-checkpoints.ts'
import { measureCommits, measuredStore } from '../../metrics/measured-store.ts'
import { createMetrics, type Metrics } from '../../metrics/metrics.ts'
import { startTracing } from '../../tracing/start-tracing.ts'
import type { Tracing } from '../../tracing/tracing.ts'
import type { SigningOptions } from '../../trust/builder/messages.ts'
import { aborted, type Interruption, interruptible } from '../interruption.ts'
import { openLedger } from '../ledger/open-ledger.ts'
import { projectorLogTo, type Serving, serveLedger } from '../ledger/serving.ts'
import {
  type CommonOptions,
  examples,
  withCloudEventsSource,
  withJson,
  withLedgerOptions,
  withListenOptions,
  withPublicUrl,
  withStateCache,
} from '../options/options.ts'
import { type PoliciesFlag, policiesOf, withPolicies } from '../options/policies-option.ts'
import { type SigningFlags, signingOptionsOf, withSigning } from '../options/signing-options.ts'
import { type CliFailure, closing, done, type Outcome, ofUsage } from '../outcome.ts'
import { say, sayJson, takeOutputFailure } from '../output/output.ts'
import {
  type AccessLogOptions,
  type AccessLogPlan,
  accessLogPlanOf,
  startAccessLog,
  withAccessLog,
  withAccessLogOptions,
} from '../serve/access-log-options.ts'
import { type AccessOptions, type AccessPlan, accessPlanOf, withAccessOptions } from '../serve/access-options.ts'
import { type DoorOptions, doorOf, type TlsRenewal, tlsRenewalOf, withDoorOptions } from '../serve/door-options.ts'
import { type Hangups, watchHangups } from '../serve/hangups.ts'
import {
  type MetricsListen,
  type MetricsOptions,
  metricsListenOf,
  withMetricsOptions,
} from '../serve/metrics-options.ts'
import { openAccess } from '../serve/open-access.ts'
import { serveMetrics } from '../serve/serve-metrics.ts'
import type { Declare } from '../subcommand.ts'

type ServeOptions = CommonOptions &
  ListenOptions &
  MetricsOptions &
  SigningFlags &
  PoliciesFlag &
  DoorOptions &
  AccessLogOptions &
  AccessOptions &
  Readonly<{
    rebuild?: boolean
    projector: boolean
    cloudEventsSource?: string
    publicUrl?: string
    stateCache: string
  }>

export const declareServe: Declare = (command, ending) =>
  pipe(
    command,
    withListenOptions,
    withLedgerOptions,
    withStateCache,
    withPublicUrl,
    withCloudEventsSource,
    withMetricsOptions,
    withDoorOptions,
    withAccessLogOptions,
    withAccessOptions,
    withSigning,
    withPolicies,
    withJson,
  )
    .option('--rebuild', 'rebuild the read model from the log while the old one serves')
    .option('--no-projector', 'reads and commands only: other processes project, see `run-ledger project`')
    .option('--unauthenticated', 'ask nobody for credentials: beyond loopback only where no key was issued')
    .addHelpText(
      'after',
      `${examples(
        'run-ledger serve --data ./ledger',
        'run-ledger serve --data ./ledger --port 0 --json',
        'run-ledger serve --data ./ledger --signing-key ~/ledger.key --checkpoint-dir /mnt/checkpoints',
        'curl http://127.0.0.1:8080/docs',
      )}

SIGTERM and Ctrl-C finish what is under way and end it; a second one ends it at once.`,
    )
    .action(ending(serve))

const serve = (options: ServeOptions): Outcome =>
  pipe(
    TE.fromEither(planOf(options)),
    TE.bind('signing', () => signingOptionsOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap((plan) =>
      pipe(
        TE.fromTask(() => createLogger()),
        TE.flatMap((logger) =>
          interruptible(
            (stop) =>
              TE.bracket(
                start(plan, logger, watchHangups(logger)),
                ({ url }) => untilStopped(url, logger, stop, options),
                closing,
              ),
            ['SIGINT', 'SIGTERM'],
          ),
        ),
      ),
    ),
  )

type ServePlan = Readonly<{
  config: LedgerConfig
  listen: ListenConfig
  source: string
  publicUrl: URL | null
  stateCacheMiB: number
  metricsListen: MetricsListen
  door: Door
  tlsRenewal: TlsRenewal | null
  accessLog: AccessLogPlan
  access: AccessPlan
  rebuild: boolean
  projects: boolean
  signing: SigningOptions | undefined
  lineartPolicies: LineartPolicies
}>

const planOf = (options: ServeOptions) =>
  pipe(
    E.Do,
    E.apS('config', ledgerConfigOf(options)),
    E.apS('listen', listenConfigOf(options)),
    E.apS('source', cloudEventsSourceOf(options.cloudEventsSource)),
    E.apS('publicUrl', publicUrlOf(options.publicUrl)),
    E.apS('stateCacheMiB', wholeNumberOf('--state-cache', options.stateCache, { least: 0, most: 65_536 })),
    E.apS('metricsListen', metricsListenOf(options)),
    E.apS('lineartPolicies', policiesOf(options)),
    E.apS('door', doorOf(options)),
    E.apS('accessLog', accessLogPlanOf(options)),
    E.bind('access', ({ publicUrl }) => accessPlanOf(options, publicUrl)),
    E.let('tlsRenewal', () => tlsRenewalOf(options)),
    E.let('rebuild', () => options.rebuild === true),
    E.let('projects', () => options.projector),
    E.filterOrElse(
      ({ rebuild, projects }) => projects || !rebuild,
      () => usageFailure('--rebuild is done by a projector, and --no-projector starts none: give one of them'),
    ),
  )

type Surroundings = Readonly<{ logger: Logger; hangups: Hangups; metrics: Metrics; tracing: Tracing | null }>

const start = (plan: ServePlan, logger: Logger, hangups: Hangups): TE.TaskEither<CliFailure, Serving> => {
  const metrics = createMetrics()
  measureCommits(metrics)
  return pipe(
    TE.fromTask(startTracing),
    TE.map((tracing) => ({ logger, hangups, metrics, tracing })),
    TE.flatMap((surroundings) =>
      pipe(
        TE.fromEither(startAccessLog(plan.accessLog, surroundings)),
        TE.flatMap((accessLog) =>
          pipe(
            startServing(plan, accessLog, surroundings),
            TE.tapError(() => TE.fromTask(async () => accessLog?.close())),
          ),
        ),
        TE.map((serving) => ({
          ...serving,
          close: async () => {
            await serving.close()
            await surroundings.tracing?.close()
          },
        })),
      ),
    ),
  )
}

const startServing = (
  plan: ServePlan,
  accessLog: AccessLog | null,
  { logger, hangups, metrics, tracing }: Surroundings,
): TE.TaskEither<CliFailure, Serving> => {
  const { config, listen, metricsListen, tlsRenewal, signing } = plan
  return pipe(
    openLedger(config, {
      rebuild: plan.rebuild,
      projects: plan.projects,
      log: projectorLogTo(logger),
      stateCacheBytes: plan.stateCacheMiB * 1024 * 1024,
      instrument: (store) => (tracing?.tracedStore ?? identity)(measuredStore(store, metrics)),
      ...(signing === undefined ? undefined : { signing }),
    }),
    TE.tapIO(
      ({ builder }) =>
        () =>
          measureCheckpoints(metrics, builder),
    ),
    TE.flatMap((opened) =>
      pipe(
        openAccess(opened.store, plan.access, listen),
        TE.mapLeft(ofUsage),
        TE.tapError(() => TE.fromTask(opened.close)),
        TE.flatMap((access) =>
          serveLedger(opened, config, {
            host: listen.host,
            ports: [listen.port],
            logger,
            allowedHosts: listen.allowedHosts,
            cloudEventsSource: plan.source,
            publicUrl: plan.publicUrl,
            lineartPolicies: plan.lineartPolicies,
            door: plan.door,
            ...(tracing === null ? undefined : { tracing }),
            metrics,
            access,
            exposesMetrics: metricsListen === null,
            ...(accessLog === null ? undefined : { accessLog, accessLogRequired: plan.accessLog?.required === true }),
          }),
        ),
        TE.map((serving) => withAccessLog(serving, accessLog, opened.store, logger)),
        TE.tapIO((serving) => () => {
          if (tlsRenewal !== null) hangups.add(tlsRenewal(serving.replaceTls))
        }),
        TE.flatMap((serving) =>
          serveMetrics(serving, opened.store, {
            metrics,
            logger,
            listen: metricsListen,
            allowedHosts: listen.allowedHosts,
          }),
        ),
      ),
    ),
  )
}

const untilStopped = (url: string, logger: Logger, stop: Interruption, { json }: ServeOptions): Outcome =>
  pipe(
    TE.fromTask(async () => {
      if (json) sayJson({ url })
      else say(url)
      logger.info({ url, pid: process.pid }, 'serving')
      const failure = await takeOutputFailure()
      if (failure !== null)
        logger.warn({ failure }, 'standard output cannot be written: the address is printed here only')
    }),
    TE.flatMap(() => aborted(stop.signal)),
    TE.tapIO(() => () => logger.info({ signal: stop.by() }, 'finishing what is under way, then stopping')),
    TE.flatMap(() => done),
  )
