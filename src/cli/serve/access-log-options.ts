/** The access log of `serve`: who read and sent what. */
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import { type AccessLog, openAccessLog } from '../../access-log/access-log.ts'
import type { ChainHead } from '../../access-log/line.ts'
import { sealHead } from '../../access-log/seal.ts'
import { type UsageFailure, usageFailure } from '../../config.ts'
import type { EventStore } from '../../event-store/event-store.ts'
import { version } from '../../http/version.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Serving } from '../ledger/serving.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import type { Hangups } from './hangups.ts'

export type AccessLogOptions = Readonly<{ accessLog?: string; accessLogRequired?: boolean }>

/** Null: none is written. */
export type AccessLogPlan = Readonly<{ directory: string; required: boolean }> | null

export const withAccessLogOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--access-log <dir>', 'write who read and sent what to files in this directory').env(
        'RUN_LEDGER_ACCESS_LOG',
      ),
    )
    .addOption(
      new Option('--access-log-required', 'serve nothing while the access log cannot be written').env(
        'RUN_LEDGER_ACCESS_LOG_REQUIRED',
      ),
    )

export const accessLogPlanOf = ({
  accessLog,
  accessLogRequired = false,
}: AccessLogOptions): E.Either<UsageFailure, AccessLogPlan> => {
  if (accessLog !== undefined && accessLog !== '') return E.right({ directory: accessLog, required: accessLogRequired })
  return accessLog === '' || accessLogRequired
    ? E.left(usageFailure('--access-log must name a directory, with --access-log-required too'))
    : E.right(null)
}

type Surroundings = Readonly<{ logger: Logger; metrics: Metrics; hangups: Hangups }>

/** Opens the log; trouble with it is said in the process log, SIGHUP opens its file again. */
export const startAccessLog = (
  plan: AccessLogPlan,
  { logger, metrics, hangups }: Surroundings,
): E.Either<CliFailure, AccessLog | null> => {
  if (plan === null) return E.right(null)
  return pipe(
    openAccessLog(plan.directory, {
      version,
      onTrouble: (why) => {
        if (why === null) logger.info('the access log can be written again')
        else
          logger.error(
            { why },
            `the access log cannot be written: ${plan.required ? 'everything is' : EXPORTS} refused`,
          )
      },
      onDropped: (lines) => metrics.accessLogDropped.inc(lines),
    }),
    E.mapLeft((why) => cliFailure(EXIT.usage, `--access-log ${plan.directory}: ${why}`)),
    E.map((log) => {
      hangups.add({ what: 'the access log', renew: () => E.right(void log.reopen()) })
      return log
    }),
  )
}

const EXPORTS = 'exports, streams and the audit trail are'

/** Seals the log's head in the access stream each hour and when a day has ended, and closes it after the server. */
export const withAccessLog = (serving: Serving, log: AccessLog | null, store: EventStore, logger: Logger): Serving => {
  if (log === null) return serving
  const seal = (head: ChainHead): void => {
    void pipe(
      sealHead(store.access, log.log_id, head),
      TE.match(
        (why) => logger.warn({ why }, 'the head of the access log was not sealed'),
        () => undefined,
      ),
    )()
  }
  const timer = setInterval(() => seal(log.head()), HOUR_MS).unref()
  log.onDayEnd(seal)
  return {
    ...serving,
    close: async () => {
      clearInterval(timer)
      await serving.close()
      await log.close()
    },
  }
}

const HOUR_MS = 60 * 60 * 1000
