/** What is traced of a server: see start-tracing.ts. */
import type { FastifyInstance } from 'fastify'
import type { EventStore } from '../event-store/event-store.ts'
import type { ReadModel } from '../read-model/read-model.ts'

export type Tracing = Readonly<{
  /** A span for each request, which continues the caller's trace. To be called before other hooks are added. */
  traceRequests: (app: FastifyInstance) => void
  /** Spans `load` and `append`. */
  tracedStore: (store: EventStore) => EventStore
  /** A span `query` for each question. */
  tracedReadModel: (readModel: ReadModel) => ReadModel
  /** Sends what was not sent yet. */
  close: () => Promise<void>
}>
