/** The dependencies of the routes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { Access } from '../access/access.ts'
import type { EventStore } from '../event-store/event-store.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Projector } from '../read-model/projector/projector.ts'
import type { ReadModel } from '../read-model/read-model.ts'
import type { Time } from '../run/time.ts'
import type { TreeBuilder } from '../trust/builder/start-builder.ts'
import type { TreeStore } from '../trust/tree/tree-store.ts'
import type { Door, RateLimits } from './door/door.ts'
import type { LineartPolicies } from './lineart/policies.ts'
import type { BodyReading } from './request/body-bytes.ts'
import type { HttpLimits } from './request/limits.ts'
import type { SessionCookie } from './request/session-cookie.ts'
import type { WorkScheduler } from './response/work-scheduler.ts'

/** The dependencies of a server. The caller owns them, and closes them after the server. */
export type ServerParts = Readonly<{
  ledger: Ledger
  store: EventStore
  readModel: ReadModel
  projector: Pick<Projector, 'alive'>
  logger: Logger
  limits: HttpLimits
  bodies: BodyReading
  /** For answers that read many pages. */
  catchUpTurn: WorkScheduler
  /** For the lines of `POST /commands`. */
  batchTurn: WorkScheduler
  /** Accepted host names besides addresses and loopback names: in lower case, without a port. */
  allowedHosts: ReadonlySet<string>
  /** The `source` of CloudEvents. */
  cloudEventsSource: string
  /** The policies that Lineart's routes know. */
  lineartPolicies: LineartPolicies
  /** The address that callers know, where a proxy stands before the server; null where it is the server's own. */
  publicUrl: URL | null
  /** Null where nothing is measured. */
  metrics: Metrics | null
  /** The tree of the log, null where it cannot be read. */
  trust: ServedTree | null
  door: Door
  rateLimits: RateLimits
  /** Null where nobody needs credentials. */
  access: Access | null
  sessionCookie: SessionCookie
  /** The ledger's clock. */
  now: () => Time
}>

/** The tree as it is read here, and what the thread that builds and signs it says of itself. */
export type ServedTree = Readonly<{ tree: TreeStore; builder: Pick<TreeBuilder, 'signs' | 'state'> }>

/** What there is before the server is made. */
export type ServerBasis = Omit<ServerParts, 'rateLimits'>

/** A fastify whose routes take zod schemas. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>
