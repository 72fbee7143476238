/** Where a reading subcommand finds its ledger: in files and stores that it opens itself, or behind a server. */
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import {
  type LedgerConfig,
  type LedgerOptions,
  ledgerConfigOf,
  serverUrlOf,
  type UsageFailure,
  usageFailure,
} from '../../config.ts'
import { withLedgerOptions, withVariable } from '../options/options.ts'

export type PlaceOptions = LedgerOptions & Readonly<{ url?: string; tokenFile?: string }>

/** `tokenFile`: the path of a file that holds the bearer token. */
export type Server = Readonly<{ kind: 'server'; url: URL; tokenFile: string | undefined }>

export type Place = Readonly<{ kind: 'stores'; config: LedgerConfig }> | Server

export const withPlaceOptions = (command: Command): Command =>
  withLedgerOptions(withServerOptions(command)).hook('preAction', (_, action) => {
    const isGiven = (name: string) => action.getOptionValueSource(name) === 'cli'
    const given = isGiven('url') ? STORES : STORES.some(isGiven) ? SERVER : []
    // A place on the command line overrides any other kind of place that the environment names.
    for (const name of given)
      if (action.getOptionValueSource(name) === 'env') action.setOptionValueWithSource(name, undefined, 'default')
  })

const STORES = ['data', 'eventStore', 'readModel', 'streamPrefix'] as const
const SERVER = ['url', 'tokenFile'] as const

/** Where a running server is. */
const withServerOptions = (command: Command): Command =>
  command
    .addOption(withVariable('--url <address>', 'a running server, such as http://127.0.0.1:8080', 'RUN_LEDGER_URL'))
    .addOption(
      withVariable(
        '--token-file <file>',
        'the file of the key or token that the server asks for',
        'RUN_LEDGER_TOKEN_FILE',
      ),
    )

/** UsageFailure where both kinds of place are given, or an address that is none. */
export const placeOf = (options: PlaceOptions): E.Either<UsageFailure, Place> => {
  const { url, tokenFile } = options
  if (url === undefined)
    return tokenFile === undefined
      ? pipe(
          ledgerConfigOf(options),
          E.map((config) => ({ kind: 'stores', config })),
        )
      : E.left(usageFailure('--token-file goes with --url'))
  return STORES.some((name) => options[name] !== undefined)
    ? E.left(usageFailure('give either --url, or where the data is, not both'))
    : pipe(
        serverUrlOf(url),
        E.filterOrElse(
          (address) => tokenFile === undefined || address.protocol === 'https:' || isLoopback(address.hostname),
          () => usageFailure('--token-file is not sent over plain http to another machine: give an https --url'),
        ),
        E.map((address) => ({ kind: 'server', url: address, tokenFile })),
      )
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
