/** Where a subcommand finds its ledger: in files and stores that it opens itself, or behind a server. */
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import {
  type LedgerConfig,
  type LedgerOptions,
  ledgerConfigOf,
  serverUrlOf,
  type UsageFailure,
  usageFailure,
} from '../../config.ts'
import { withLedgerOptions, withVariable } from '../options/options.ts'
import { type CliFailure, ofUsage } from '../outcome.ts'
import { remark } from '../output/output.ts'
import { knownContext, readContexts } from './contexts.ts'

export type PlaceOptions = LedgerOptions & Readonly<{ url?: string; tokenFile?: string; context?: string }>

/** `tokenFile`: the path of a file that holds the bearer token; `token`: the token itself, where there is no file. */
export type Server = Readonly<{
  kind: 'server'
  url: URL
  tokenFile: string | undefined
  token: string | undefined
}>

export type Place = Readonly<{ kind: 'stores'; config: LedgerConfig }> | Server

/** A flag overrides a variable, and both override a context. */
export const withPlaceOptions = (command: Command): Command =>
  withLedgerOptions(withServerOptions(command)).hook('preAction', (_, action) => {
    const isFrom = (source: string) => (name: string) => action.getOptionValueSource(name) === source
    const given = isFrom('cli')('url') ? STORES : STORES.some(isFrom('cli')) ? SERVER : []
    // A place on the command line overrides any other kind of place that the environment names.
    for (const name of given) if (isFrom('env')(name)) action.setOptionValueWithSource(name, undefined, 'default')
    // A token of the environment is for the server of the environment.
    const overridesUrl = isFrom('cli')('url') && process.env['RUN_LEDGER_URL'] !== undefined
    if (overridesUrl && isFrom('env')('tokenFile')) action.setOptionValueWithSource('tokenFile', undefined, 'default')
    if (overridesUrl) delete process.env[TOKEN]
    const place = PLACES.find((name) => action.getOptionValue(name) !== undefined)
    if (place !== undefined && isFrom('cli')('context'))
      remark(`run-ledger: --context ${action.getOptionValue('context')} is not used: another place is given`)
  })

/** There is no flag for it: arguments are seen by every user of the machine. */
const TOKEN = 'RUN_LEDGER_TOKEN'

const STORES = ['data', 'eventStore', 'readModel', 'streamPrefix'] as const
const SERVER = ['url', 'tokenFile'] as const
/** Options that name a place by themselves. */
const PLACES = ['url', 'data', 'eventStore', 'readModel'] as const

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
    .addOption(withVariable('--context <name>', 'a server saved by `run-ledger context add`', 'RUN_LEDGER_CONTEXT'))

/**
 * The place that `options` name, else the context that they name, else, unless `ignoresUse`, the one of `context use`, else the
 * directory that is the default. Subcommands that write ignore `context use`: nothing is written where nobody named it.
 */
export const placeOf = (
  options: PlaceOptions,
  { ignoresUse = false }: Readonly<{ ignoresUse?: boolean }> = {},
): TE.TaskEither<CliFailure, Place> =>
  PLACES.some((name) => options[name] !== undefined)
    ? givenPlace(options)
    : pipe(
        ignoresUse && options.context === undefined ? TE.right(null) : contextServer(options),
        TE.flatMap(
          (server): TE.TaskEither<CliFailure, Place> => (server === null ? givenPlace(options) : TE.right(server)),
        ),
      )

const givenPlace = (options: PlaceOptions): TE.TaskEither<CliFailure, Place> =>
  pipe(
    options.url === undefined ? storesOf(options) : serverIn(options.url, options),
    E.mapLeft(ofUsage),
    TE.fromEither,
  )

const storesOf = (options: PlaceOptions): E.Either<UsageFailure, Place> =>
  options.tokenFile === undefined
    ? pipe(
        ledgerConfigOf(options),
        E.map((config) => ({ kind: 'stores', config })),
      )
    : E.left(usageFailure('--token-file goes with --url'))

const serverIn = (url: string, options: PlaceOptions): E.Either<UsageFailure, Place> =>
  STORES.some((name) => options[name] !== undefined)
    ? E.left(usageFailure('give either --url, or where the data is, not both'))
    : serverOf(url, options.tokenFile)

/** Null where no context is named, or in use. */
const contextServer = ({ context, tokenFile }: PlaceOptions): TE.TaskEither<CliFailure, Server | null> =>
  pipe(
    readContexts(),
    TE.flatMapEither((saved): E.Either<CliFailure, Server | null> => {
      const name = context ?? saved.current
      return name === null
        ? E.right(null)
        : pipe(
            knownContext(saved, name),
            E.flatMap(({ url, token_file }) => pipe(serverOf(url, tokenFile ?? token_file), E.mapLeft(ofUsage))),
          )
    }),
  )

/** UsageFailure for an address that is none, and for a token that plain http would show to others. */
export const serverOf = (url: string, tokenFile: string | undefined): E.Either<UsageFailure, Server> => {
  const token = tokenFile === undefined ? process.env[TOKEN] : undefined
  return pipe(
    serverUrlOf(url),
    E.filterOrElse(
      ({ username, password }) => username === '' && password === '',
      () => usageFailure('--url must hold no user name and no password: give --token-file'),
    ),
    E.filterOrElse(
      (address) =>
        (tokenFile === undefined && token === undefined) ||
        address.protocol === 'https:' ||
        isLoopback(address.hostname),
      () =>
        usageFailure(
          `${tokenFile === undefined ? TOKEN : '--token-file'} is not sent over plain http to another machine: give an https --url`,
        ),
    ),
    E.map((address) => ({ kind: 'server', url: address, tokenFile, token })),
  )
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
