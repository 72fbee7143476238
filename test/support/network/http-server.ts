/** A whole server over a ledger of its own, in a directory that goes when it closes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { type Logger, pino } from 'pino'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Access } from '../../../src/access/access.ts'
import type { EventStoreConfig } from '../../../src/event-store/config.ts'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import { openEventStore } from '../../../src/event-store/open.ts'
import type { Door } from '../../../src/http/door/door.ts'
import type { LineartPolicies } from '../../../src/http/lineart/policies.ts'
import type { HttpLimits } from '../../../src/http/request/limits.ts'
import { buildServer } from '../../../src/http/server.ts'
import type { App } from '../../../src/http/server-parts.ts'
import { createLedger, type Ledger, type LedgerLimits } from '../../../src/ledger/ledger.ts'
import { measuredStore } from '../../../src/metrics/measured-store.ts'
import type { Metrics } from '../../../src/metrics/metrics.ts'
import type { Projector } from '../../../src/read-model/projector/projector.ts'
import { startProjector } from '../../../src/read-model/projector/start-projector.ts'
import type { ReadModel } from '../../../src/read-model/read-model.ts'
import { openReadModel } from '../../../src/read-model/sqlite/open.ts'
import type { SigningOptions } from '../../../src/trust/builder/messages.ts'
import { startBuilder, type TreeBuilder } from '../../../src/trust/builder/start-builder.ts'
import { openTreeFile } from '../../../src/trust/sqlite/tree-file.ts'
import { logPath, readModelPath, treePath } from '../ledger-on-disk.ts'

export type TestServer = Readonly<{
  app: App
  store: EventStore
  projector: Projector
  readModel: ReadModel
  /** Null where no `signing` was given. */
  builder: TreeBuilder | null
  /** Of the listening server. */
  url: string
  port: number
  get: (url: string, headers?: Headers) => Promise<LightMyRequestResponse>
  post: (url: string, body?: unknown, headers?: Headers) => Promise<LightMyRequestResponse>
  /** A create, answered and to be read. */
  create: (body?: object) => Promise<string>
  close: () => Promise<void>
}>

export type Headers = Record<string, string>

type Options = Readonly<{
  directory?: string
  /** Where its events are, if not in the directory. */
  eventStore?: EventStoreConfig
  limits?: Partial<HttpLimits>
  ledgerLimits?: Partial<LedgerLimits>
  logger?: Logger
  now?: () => string
  cloudEventsSource?: string
  allowedHosts?: readonly string[]
  publicUrl?: URL
  door?: Partial<Door>
  /** Measured with, and served at `/metrics`. */
  metrics?: Metrics
  /** Builds the tree of the log, and signs it. */
  signing?: SigningOptions
  lineartPolicies?: LineartPolicies
  /** Whom the server lets in; everybody where it is not given. */
  access?: (store: EventStore) => Promise<Access>
  /** Stands before the ledger, to see or to change what it answers. */
  ledger?: (ledger: Ledger) => Ledger
  /** Stands before the read model, to see what is asked of it. */
  readModel?: (readModel: ReadModel) => ReadModel
}>

export const startServer = async (options: Options = {}): Promise<TestServer> => {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'run-ledger-http-'))
  const eventStore: EventStoreConfig = options.eventStore ?? {
    kind: 'embedded',
    path: logPath(directory),
    prefix: 'run-',
  }
  const opened = rightOf(await openEventStore(eventStore, 'write')())
  const store = options.metrics === undefined ? opened : measuredStore(opened, options.metrics)
  const projector = rightOf(await startProjector({ eventStore, path: readModelPath(directory) })())
  const readModel = rightOf(
    await openReadModel({
      path: readModelPath(directory),
      onDamage: (detail) => void projector.replaceDamaged(detail)(),
    })(),
  )
  const ledger = (options.ledger ?? ((it: Ledger) => it))(createLedger(store, options.ledgerLimits))
  const builder =
    options.signing === undefined
      ? null
      : rightOf(
          await startBuilder({ eventStore, path: treePath(directory), signing: options.signing }, () => undefined)(),
        )
  const tree = builder === null ? null : rightOf(openTreeFile(treePath(directory), 'read'))
  const access = (await options.access?.(store)) ?? null
  const app = await buildServer({
    access,
    trust: builder === null || tree === null ? null : { builder, tree },
    ledger,
    store,
    readModel: (options.readModel ?? ((it: ReadModel) => it))(readModel),
    projector,
    logger: options.logger ?? pino({ level: 'silent' }),
    ...(options.limits === undefined ? undefined : { limits: options.limits }),
    ...(options.cloudEventsSource === undefined ? undefined : { cloudEventsSource: options.cloudEventsSource }),
    ...(options.allowedHosts === undefined ? undefined : { allowedHosts: options.allowedHosts }),
    ...(options.publicUrl === undefined ? undefined : { publicUrl: options.publicUrl }),
    ...(options.metrics === undefined ? undefined : { metrics: options.metrics, exposesMetrics: true }),
    ...(options.lineartPolicies === undefined ? undefined : { lineartPolicies: options.lineartPolicies }),
    ...(options.door === undefined ? undefined : { door: options.door }),
    ...(options.now === undefined ? undefined : { now: options.now }),
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const post: TestServer['post'] = (path, body, headers = {}) => app.inject(postOf(path, body, headers))
  return {
    app,
    store,
    projector,
    readModel,
    builder,
    url,
    port: Number(new URL(url).port),
    get: (path, headers = {}) => app.inject({ url: path, headers }),
    post,
    create: async (body = {}) => {
      const answer = await post('/runs', { policy_version_id: 'policy-1', ...body })
      if (answer.statusCode !== 201) throw new Error(answer.body)
      await readModel.waitFor(String(answer.headers['run-ledger-position']), 5_000)
      return (answer.json() as { run_id: string }).run_id
    },
    close: async () => {
      await app.close()
      await access?.close()
      await readModel.close()
      tree?.close()
      await builder?.stop()
      await projector.stop()
      await store.close()
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** One server for all tests of a file; what is in it is there once the first test runs. */
export const serverForAll = (options: Options = {}): Readonly<{ current: () => TestServer }> => {
  let server: TestServer | null = null
  beforeAll(async () => {
    server = await startServer(options)
  })
  afterAll(() => server?.close())
  return {
    current: () => {
      if (server === null) throw new Error('no test runs yet')
      return server
    },
  }
}

/** A server of the test's own. */
export const serverForTest = async (options: Options = {}): Promise<TestServer> => {
  const server = await startServer(options)
  onTestFinished(server.close)
  return server
}

/** Bytes and texts are sent as they are, all else as JSON. */
const postOf = (url: string, body: unknown, headers: Headers): InjectOptions => ({
  method: 'POST',
  url,
  headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
  ...(body === undefined
    ? undefined
    : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
})

const rightOf = <Value>(answer: { _tag: 'Left'; left: unknown } | { _tag: 'Right'; right: Value }): Value => {
  if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
  return answer.right
}
