/** A ledger that is served over HTTP, from its opening to its graceful end. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import type { Access } from '../../access/access.ts'
import type { AccessLog } from '../../access-log/access-log.ts'
import type { LedgerConfig } from '../../config.ts'
import type { Door, TlsFiles } from '../../http/door/door.ts'
import { replaceTls } from '../../http/door/tls.ts'
import type { LineartPolicies } from '../../http/lineart/policies.ts'
import { pagesDirectory } from '../../http/pages-directory.ts'
import { buildServer } from '../../http/server.ts'
import type { App } from '../../http/server-parts.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { ProjectorLog } from '../../read-model/projector/projector.ts'
import type { ReadModel } from '../../read-model/read-model.ts'
import type { Tracing } from '../../tracing/tracing.ts'
import { openTreeFile } from '../../trust/sqlite/tree-file.ts'
import type { TreeStore } from '../../trust/tree/tree-store.ts'
import type { CliFailure } from '../outcome.ts'
import { listenOn, type Ports } from '../serve/listen-on.ts'
import { type OpenLedger, openTables } from './open-ledger.ts'
import { keepRequestsYoung } from './young-generation.ts'

export type ServingOptions = Readonly<{
  host: string
  /** The first free one is used; 0 lets the system pick one. */
  ports: Ports
  logger: Logger
  /** Host names that the server is reached by, beside localhost and addresses. */
  allowedHosts?: readonly string[]
  /** The `source` of CloudEvents; /run-ledger where not given. */
  cloudEventsSource?: string
  /** The address that callers know, where a proxy stands before the server. */
  publicUrl?: URL | null
  door?: Door
  /** Every request leaves a line there; with `accessLogRequired` nothing is served without. */
  accessLog?: AccessLog
  accessLogRequired?: boolean
  /** Traced where given. */
  tracing?: Tracing
  /** Measured where given. */
  metrics?: Metrics
  /** Nobody needs credentials where it is not given. Closed with the server. */
  access?: Access
  /** `/metrics` is served on the same port. */
  exposesMetrics?: boolean
  /** The policies that Lineart's routes know. */
  lineartPolicies?: LineartPolicies
}>

export type Serving = Readonly<{
  url: string
  readModel: ReadModel
  /** Where it serves HTTPS: new connections get this certificate. */
  replaceTls: (files: TlsFiles) => void
  /** Finishes what is under way, then closes everything, the ledger too. */
  close: () => Promise<void>
}>

/**
 * Serves a ledger that was opened with `config`, and announces the address to processes that find its files in use.
 * Where it cannot be served, the ledger is closed.
 */
export const serveLedger = (
  opened: OpenLedger,
  config: LedgerConfig,
  options: ServingOptions,
): TE.TaskEither<CliFailure, Serving> =>
  pipe(
    // What a read finds damaged is replaced by the projector, and read again then.
    openTables(config, { isServing: true, onDamage: (detail) => void opened.projector.replaceDamaged(detail)() }),
    TE.tapError(() =>
      TE.fromTask(async () => {
        await options.access?.close()
        await opened.close()
      }),
    ),
    TE.map((readModel) => options.tracing?.tracedReadModel(readModel) ?? readModel),
    TE.flatMap((readModel) =>
      pipe(
        TE.fromTask(() => serverOf(opened, readModel, config, options)),
        TE.flatMap(listening),
      ),
    ),
  )

type Server = Readonly<{
  app: App
  opened: OpenLedger
  readModel: ReadModel
  tree: TreeStore | null
  options: ServingOptions
}>

const serverOf = async (
  opened: OpenLedger,
  readModel: ReadModel,
  { treePath }: LedgerConfig,
  options: ServingOptions,
): Promise<Server> => {
  const { ledger, store, projector, builder } = opened
  const { host: _host, ports: _ports, ...rest } = options
  if (pagesDirectory() === null)
    options.logger.warn('the pages are missing, only the API is served: npm run build:pages builds them')
  keepRequestsYoung()
  const tree = treeAt(treePath, options.logger)
  const trust = tree === null ? null : { tree, builder }
  const app = await buildServer({ ledger, store, readModel, projector, trust, ...rest })
  return { app, opened, readModel, tree, options }
}

/** The tree for reading; null where it cannot be read, which the builder has said as well. */
const treeAt = (path: string, logger: Logger): TreeStore | null => {
  const opened = openTreeFile(path, 'read')
  if (opened._tag === 'Right') return opened.right
  logger.error(`no proof can be given: ${path}: ${opened.left.detail}`)
  return null
}

const listening = ({ app, opened, readModel, tree, options }: Server): TE.TaskEither<CliFailure, Serving> => {
  const close = async (): Promise<void> => {
    await app.close()
    await options.access?.close()
    await readModel.close()
    tree?.close()
    await opened.close()
  }
  return pipe(
    listenOn(app, options.host, options.ports),
    TE.tapError(() => TE.fromTask(close)),
    TE.tapIO((url) => () => {
      opened.store.announce(url)
      opened.projector.announce(url)
    }),
    TE.map((url) => ({ url, readModel, close, replaceTls: (files) => replaceTls(app, files) })),
  )
}

/** The projector's messages, in the server's log. */
export const projectorLogTo =
  (logger: Logger): ProjectorLog =>
  ({ level, message }) =>
    logger[level](message)
