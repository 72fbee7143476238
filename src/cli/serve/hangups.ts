/** SIGHUP: a server reads its certificates and opens its logs again. It never ends the server. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Logger } from 'pino'

/** What SIGHUP renews; the failure says why it stays as it is. */
export type Renewal = Readonly<{ what: string; renew: () => E.Either<string, void> }>

export type Hangups = Readonly<{ add: (renewal: Renewal) => void }>

/** From now on SIGHUP is caught. A server that has nothing to renew outlives its terminal. */
export const watchHangups = (logger: Logger): Hangups => {
  const renewals: Renewal[] = []
  process.on('SIGHUP', () => {
    logger.info('SIGHUP: certificates and logs are opened again; SIGTERM ends the server')
    for (const { what, renew } of renewals)
      pipe(
        renew(),
        E.match(
          (why) => logger.error(`${what}: ${why}; the one in use stays`),
          () => logger.info(`${what}: renewed`),
        ),
      )
  })
  return { add: (renewal) => void renewals.push(renewal) }
}
