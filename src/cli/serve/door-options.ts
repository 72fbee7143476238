/** Flags of `serve` for what stands between the network and the routes. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type UsageFailure, usageFailure, wholeNumberOf } from '../../config.ts'
import type { Door, TlsFiles } from '../../http/door/door.ts'
import { checkTls } from '../../http/door/tls.ts'
import { eachOf } from '../options/options.ts'
import type { Renewal } from './hangups.ts'

export type DoorOptions = Readonly<{
  corsOrigin?: readonly string[]
  trustProxy?: readonly string[]
  tlsCert?: string
  tlsKey?: string
  rateLimit?: string
}>

export const withDoorOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--cors-origin <origin>', 'a web page of this origin may read and write; may be repeated')
        .env('RUN_LEDGER_CORS_ORIGIN')
        .argParser(eachOf),
    )
    .addOption(
      new Option('--trust-proxy <cidr>', 'believe the X-Forwarded headers of proxies in this network; may be repeated')
        .env('RUN_LEDGER_TRUST_PROXY')
        .argParser(eachOf),
    )
    .addOption(
      new Option('--tls-cert <file>', 'serve HTTPS with this certificate chain (PEM); SIGHUP reads it again').env(
        'RUN_LEDGER_TLS_CERT',
      ),
    )
    .addOption(new Option('--tls-key <file>', 'the key of --tls-cert (PEM)').env('RUN_LEDGER_TLS_KEY'))
    .addOption(
      new Option('--rate-limit <n/s>', 'the most requests of one caller in a second, such as 100/s').env(
        'RUN_LEDGER_RATE_LIMIT',
      ),
    )

/** UsageFailure for what cannot be read as meant, and for a certificate and a key that do not belong together. */
export const doorOf = (options: DoorOptions): E.Either<UsageFailure, Door> =>
  pipe(
    E.Do,
    E.apS('corsOrigins', E.traverseArray(originOf)(options.corsOrigin ?? [])),
    E.apS('trustedProxies', E.traverseArray(networkOf)(options.trustProxy ?? [])),
    E.apS('tls', tlsOf(options)),
    E.apS('requestsPerSecond', rateOf(options.rateLimit)),
  )

const originOf = (text: string): E.Either<UsageFailure, string> =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text.toLowerCase()
    ? E.right(text.toLowerCase())
    : E.left(usageFailure('--cors-origin must be an origin without a path, like https://app.example'))

const networkOf = (text: string): E.Either<UsageFailure, string> => {
  const [address = '', prefix, ...more] = text.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  const isNetwork =
    isIP(address) !== 0 &&
    more.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  return isNetwork
    ? E.right(text)
    : E.left(usageFailure('--trust-proxy must be an address or a network, like 10.0.0.0/8'))
}

const rateOf = (text: string | undefined): E.Either<UsageFailure, number | null> => {
  if (text === undefined) return E.right(null)
  const [, count = ''] = /^(\d+)\/s$/.exec(text) ?? []
  return pipe(
    wholeNumberOf('--rate-limit', count, { least: 1, most: 1_000_000 }),
    E.mapLeft(() => usageFailure('--rate-limit must be a number of requests per second, like 100/s')),
  )
}

const tlsOf = ({ tlsCert, tlsKey }: DoorOptions): E.Either<UsageFailure, TlsFiles | null> => {
  if (tlsCert === undefined && tlsKey === undefined) return E.right(null)
  if (tlsCert === undefined || tlsKey === undefined)
    return E.left(usageFailure('give --tls-cert and --tls-key together'))
  return pipe(readTls(tlsCert, tlsKey), E.mapLeft(usageFailure))
}

/** The files as they are now. The failure says which of them cannot be used, and why. */
const readTls = (certPath: string, keyPath: string): E.Either<string, TlsFiles> =>
  pipe(
    E.Do,
    E.apS('cert', readPem('--tls-cert', certPath)),
    E.apS('key', readPem('--tls-key', keyPath)),
    E.flatMap((files) =>
      pipe(
        checkTls(files),
        E.mapLeft((why) => `--tls-cert ${certPath} and --tls-key ${keyPath} cannot be used together: ${why}`),
      ),
    ),
  )

export type TlsRenewal = (replace: (files: TlsFiles) => void) => Renewal

/** Reads the files of the certificate again; null where there are none. */
export const tlsRenewalOf = ({ tlsCert, tlsKey }: DoorOptions): TlsRenewal | null =>
  tlsCert === undefined || tlsKey === undefined
    ? null
    : (replace) => ({ what: 'the certificate', renew: () => pipe(readTls(tlsCert, tlsKey), E.map(replace)) })

const readPem = (flag: string, path: string): E.Either<string, Buffer> =>
  E.tryCatch(
    () => readFileSync(path),
    (error) => `${flag} ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`,
  )
