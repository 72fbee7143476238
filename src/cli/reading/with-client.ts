/** Asks a ledger by the typed client, wherever the ledger is. */
import { readFile } from 'node:fs/promises'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Client, createClient, type Fetch, type Result } from '../../client/client.ts'
import type { LedgerConfig } from '../../config.ts'
import { withLedgerFiles } from '../ledger/open-trail.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome } from '../outcome.ts'
import { ofProblem } from './client-failure.ts'
import { type Place, type PlaceOptions, placeOf, type Server } from './place.ts'

/** A question to a ledger: `ask((client) => client.getRun(id))` fails in the words of the place that is asked. */
export type Ask = <Answer>(question: (client: Client) => Promise<Result<Answer>>) => TE.TaskEither<CliFailure, Answer>

/** A client, what is asked through it, and how its problems are put in words. */
export type Asking = Readonly<{ client: Client; ask: Ask; ofProblem: ReturnType<typeof ofProblem> }>

/** Opens the place that `options` name, for `use`. */
export const withClient = (options: PlaceOptions, use: (asking: Asking) => Outcome): Outcome =>
  pipe(
    placeOf(options),
    TE.flatMap((place) => withClientAt(place, use)),
  )

const withClientAt = (place: Place, use: (asking: Asking) => Outcome): Outcome =>
  place.kind === 'stores' ? withStores(place.config, use) : withServer(place, use)

const withStores = (config: LedgerConfig, use: (asking: Asking) => Outcome): Outcome =>
  withLedgerFiles(config, ({ log, readModel }) =>
    TE.bracket(
      TE.fromTask(async () => (await import('./in-process.ts')).localClient(log, readModel)),
      ({ client }) => use(asking(client, 'the ledger')),
      ({ close }) => TE.fromTask(close),
    ),
  )

/** A client of a running server. */
export const withServer = (server: Server, use: (asking: Asking) => Outcome): Outcome =>
  pipe(
    fetchWithToken(server),
    TE.flatMap((fetch) =>
      use(asking(createClient({ url: server.url, fetch, retry: { tries: TRIES } }), server.url.href)),
    ),
  )

// Somebody waits.
const TRIES = 3

const asking = (client: Client, where: string): Asking => ({
  client,
  ask: (question) => pipe(() => question(client), TE.mapLeft(ofProblem(where))),
  ofProblem: ofProblem(where),
})

/** `fetch` with the token for the server, which goes nowhere but to that server. */
export const fetchWithToken = ({ tokenFile, token: given }: Server): TE.TaskEither<CliFailure, Fetch> =>
  pipe(
    tokenFile === undefined ? TE.right<CliFailure, string | null>(given ?? null) : tokenIn(tokenFile),
    TE.map((token) => async (url, init) => {
      const headers = new Headers(init.headers)
      if (token !== null) headers.set('authorization', `Bearer ${token}`)
      return withoutRedirect(await fetch(url, { ...init, headers, redirect: 'manual' }))
    }),
  )

const tokenIn = (path: string): TE.TaskEither<CliFailure, string> =>
  pipe(
    TE.tryCatch(
      () => readFile(path, 'utf8'),
      (error) =>
        cliFailure(
          EXIT.usage,
          `--token-file ${path} cannot be read (${error instanceof Error && 'code' in error ? error.code : error})`,
        ),
    ),
    TE.map((text) => text.trim()),
    TE.filterOrElse(
      // RFC 6750, section 2.1.
      (token) => /^[\w.~+/-]+=*$/.test(token),
      () => cliFailure(EXIT.usage, `--token-file ${path} must hold one key or token, and nothing else`),
    ),
  )

const withoutRedirect = (response: Response): Response =>
  response.status < 300 || response.status > 399 || response.status === 304
    ? response
    : new Response(`a redirect to ${response.headers.get('location')}: give that address with --url`, response)
