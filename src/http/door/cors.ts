/** Which web pages of other origins may use the API from a browser. */
import fastifyCors from '@fastify/cors'
import { POSITION } from '../response/response-headers.ts'
import type { App } from '../server-parts.ts'

/** Answers preflight requests of `origins`, and lets their pages read answers. Credentials of a browser are never allowed. */
export const allowOrigins = async (app: App, origins: readonly string[]): Promise<void> => {
  if (origins.length === 0) return
  // A browser asks without credentials whether it may send them.
  app.addHook('onRoute', (route) => {
    if (route.method === 'OPTIONS') route.schema = { ...route.schema, 'x-permission': 'open' }
  })
  await app.register(fastifyCors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders: EXPOSED,
    credentials: false,
    maxAge: PREFLIGHT_SECONDS,
  })
}

/** Headers that the client needs, besides those that pages may read anyway. */
const EXPOSED = [
  POSITION,
  'etag',
  'location',
  'content-location',
  'retry-after',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'run-ledger-repeated',
  'run-ledger-quarantined',
  'run-ledger-csv-escaped',
  'x-correlation-id',
]

const PREFLIGHT_SECONDS = 600
