/** The limits of the server: bytes, requests and time. */

export type HttpLimits = Readonly<{
  /** A JSON body, and a line of `POST /commands`, in bytes. */
  bodyBytes: number
  /** A request to `POST /commands`, in lines and bytes. */
  batchLines: number
  batchBytes: number
  /** Request line and headers together, in bytes. */
  headerBytes: number
  /** Request bodies and answers that are held in memory, of all connections together, in bytes. */
  bytesUnderWay: number
  connections: number
  /** More requests than this under way at once are turned away. */
  requestsUnderWay: number
  /** Within this time the headers, and the whole request, must have arrived, in ms. */
  headersTimeout: number
  requestTimeout: number
  /** How long a connection may wait for its next request, and stay silent within one, in ms. */
  keepAliveTimeout: number
  idleTimeout: number
  /** Complete answers of `/audit` that may be under way at once. */
  auditStreams: number
  /** Answers of `/stream` that may be open at once. */
  eventStreams: number
  /** An event stream sends its position at least this often, in ms. */
  heartbeat: number
  /** Buckets of figures in one answer. */
  buckets: number
  /** How long a read waits for the position that it asks for, in ms. */
  waitForPosition: number
  /** How long `/readyz` waits for the store, in ms. */
  readyWithin: number
  /** How long a stop waits for what is under way, in ms. */
  stopWithin: number
}>

export const HTTP_LIMITS: HttpLimits = {
  bodyBytes: 1024 * 1024,
  batchLines: 10_000,
  batchBytes: 64 * 1024 * 1024,
  headerBytes: 16 * 1024,
  bytesUnderWay: 128 * 1024 * 1024,
  connections: 10_000,
  requestsUnderWay: 5_000,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  idleTimeout: 120_000,
  auditStreams: 32,
  eventStreams: 500,
  heartbeat: 15_000,
  buckets: 10_000,
  waitForPosition: 5_000,
  readyWithin: 2_000,
  stopWithin: 15_000,
}
