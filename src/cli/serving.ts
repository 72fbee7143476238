/** A ledger that is served over HTTP, from its opening to its graceful end. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import type { LedgerConfig } from '../config.ts'
import { pagesDirectory } from '../http/pages-directory.ts'
import { buildServer } from '../http/server.ts'
import type { App } from '../http/server-parts.ts'
import type { ProjectorLog } from '../read-model/projector/projector.ts'
import type { ReadModel } from '../read-model/read-model.ts'
import { type OpenLedger, openTables } from './open-ledger.ts'
import { type CliFailure, EXIT } from './outcome.ts'
import { keepRequestsYoung } from './young-generation.ts'

export type ServingOptions = Readonly<{
  host: string
  /** The first of them that is free; 0 lets the system pick one. */
  ports: readonly number[]
  logger: Logger
  /** What CloudEvents name as their source, /run-ledger where not given. */
  cloudEventsSource?: string
  /** The address that callers know, where a proxy stands before the server. */
  publicUrl?: URL | null
}>

export type Serving = Readonly<{
  url: string
  readModel: ReadModel
  /** Answers what is under way, then lets go of everything, the ledger too. */
  close: () => Promise<void>
}>

/**
 * Serves a ledger that was opened with `config`. Whoever finds its files in use from now on is told the address.
 * Where it cannot be served, the ledger is closed.
 */
export const serveLedger = async (
  opened: OpenLedger,
  config: LedgerConfig,
  { host, ports, logger, ...options }: ServingOptions,
): Promise<Either<CliFailure, Serving>> => {
  const readModel = await openTables(config)
  if (readModel._tag === 'Left') {
    await opened.close()
    return readModel
  }
  const { ledger, store, projector } = opened
  if (pagesDirectory() === null)
    logger.warn('the pages are missing, only the API is served: npm run build:pages builds them')
  keepRequestsYoung()
  const app = await buildServer({ ledger, store, readModel: readModel.right, projector, logger, ...options })
  const close = async (): Promise<void> => {
    await app.close()
    await readModel.right.close()
    await opened.close()
  }
  const url = await listen(app, host, ports)
  if (url._tag === 'Left') {
    await close()
    return url
  }
  store.announce(url.right)
  projector.announce(url.right)
  return right({ url: url.right, readModel: readModel.right, close })
}

/** The projector's messages in the server's log. */
export const projectorLogTo =
  (logger: Logger): ProjectorLog =>
  ({ level, message }) =>
    logger[level](message)

const listen = async (app: App, host: string, ports: readonly number[]): Promise<Either<CliFailure, string>> => {
  let refused: CliFailure = { status: EXIT.usage, lines: [] }
  for (const port of ports) {
    try {
      return right(await app.listen({ host, port }))
    } catch (error) {
      refused = { status: EXIT.usage, lines: [`${host}:${port} ${whyNot(error)}`] }
    }
  }
  return left(refused)
}

const whyNot = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  switch (code) {
    case 'EADDRINUSE':
      return 'is in use: give another --port, or --port 0 for any that is free'
    case 'EACCES':
      return 'may not be used by this user: give a --port from 1024 on'
    default:
      return `cannot be listened on (${code}): give another --host or --port`
  }
}
