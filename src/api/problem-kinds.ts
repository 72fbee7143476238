/** The table of problems (RFC 9457): one row for each kind of refusal of any interface. */

export type ProblemKind = Readonly<{
  status: number
  title: string
  /** What it means and what to do about it. */
  explanation: string
  /** Seconds after which to try again, where waiting may help. */
  retryAfter?: number
}>

/** By slug, in the order of status. The slug is the end of a problem's `type`, `/problems/<slug>`. */
export const PROBLEMS = {
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    explanation: 'The text cannot be read as JSON (RFC 8259). Send one JSON value, in UTF-8.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request cannot be understood',
    explanation:
      'A query parameter, a header, a cursor or the request itself is malformed. `errors` names each fault and says what is expected. A cursor is valid only for the query that returned it. The request line and headers together are at most 16 KiB.',
  },
  unauthenticated: {
    status: 401,
    title: 'Valid credentials are needed',
    explanation:
      'The request has no credentials, or they are wrong, expired, revoked or not valid yet; which of these it is, the log of the server says. Send a key (`rl_…`) or a token of the configured issuer as `Authorization: Bearer`, or sign in on the pages.',
  },
  forbidden: {
    status: 403,
    title: 'This is not allowed',
    explanation:
      'The credentials lack the role that `detail` names, or may not act for the actor that the request names. Or the request comes from a web page of another origin, which may not change anything here: serve the page and the API under one address. The answer is the same whether or not a run exists. The first key of a ledger is issued with `run-ledger keys issue`, never over HTTP.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    explanation: 'No route, or no part of a run, has this address. `/openapi.json` lists every route.',
  },
  'run-not-found': {
    status: 404,
    title: 'There is no such run',
    explanation:
      "No run has this id. A read right after a command can miss it for some milliseconds. Send the `Run-Ledger-Position` of the command's answer with the read, or read with `consistency=strong`.",
  },
  'run-not-yet-created': {
    status: 404,
    title: 'The run did not exist yet',
    explanation: 'The run was created, or recorded by the ledger, after the requested moment. Ask for a later one.',
  },
  'not-signed-yet': {
    status: 404,
    title: 'No signed checkpoint covers it yet',
    explanation:
      'A proof needs a signed checkpoint that covers its event. A server with `--signing-key` signs one every 10 seconds while the log grows; try again then. One without a key signs none.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This route does not accept this method',
    explanation: 'The `Allow` header lists the methods that it accepts.',
  },
  'not-acceptable': {
    status: 406,
    title: 'No form of the answer is acceptable',
    explanation:
      'The route cannot return any media type of the `Accept` header. `detail` lists the types that it returns.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    explanation: 'The server waited for the rest of the request and gave up. Nothing was done. Send it again.',
  },
  'key-name-used': {
    status: 409,
    title: 'A key had this name before',
    explanation:
      "A name stays its owner's, so that the audit trail names one. Choose another name, or send the id of the owner's last key as `succeeds`.",
  },
  'last-admin': {
    status: 409,
    title: 'This is the last valid key of an admin',
    explanation:
      'Without it nobody could issue or revoke keys over HTTP. Issue another key with the role `admin` first.',
  },
  'run-exists': {
    status: 409,
    title: 'The run exists already',
    explanation:
      'Another command created a run with this id. To repeat a create safely, send it with the same `Idempotency-Key`.',
  },
  'run-not-started': {
    status: 409,
    title: 'The run is not started',
    explanation:
      'A status changes only after the start. A run that never started can be completed as FAILURE or CANCELLED only.',
  },
  'run-already-started': {
    status: 409,
    title: 'The run is started already',
    explanation:
      'A run is started once. To repeat a start safely, send it with the `Idempotency-Key` of the first time.',
  },
  'run-completed': {
    status: 409,
    title: 'The run is completed',
    explanation: 'A completed run cannot be changed. Create a new run for what comes later.',
  },
  'time-runs-backwards': {
    status: 409,
    title: "The time is before the run's last event",
    explanation:
      "`occurred_at` must not be before the run's `last_updated_at`. Without `occurred_at`, the ledger sets a time that fits.",
  },
  'run-full': {
    status: 409,
    title: 'The run has the most events allowed',
    explanation: 'A run has at most 10,000 events, and the last one is reserved for its completion. Complete it.',
  },
  'run-deleted': {
    status: 410,
    title: 'The run is deleted',
    explanation: 'The stream of the run was deleted from the event store for good. Its id cannot be used again.',
  },
  'wrong-revision': {
    status: 412,
    title: 'The run is at another revision',
    explanation:
      'The run has changed since the revision in `If-Match`. Read it again, decide again and send the new ETag.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation:
      'A body or a line of `POST /commands` is at most 1 MiB. A request to `/commands` has at most 10,000 lines and 64 MiB. Split the request.',
  },
  'pack-too-large': {
    status: 413,
    title: 'The evidence pack would be too large',
    explanation:
      'The events of the run take more than 64 MiB. Read them with their proofs, one by one, from `/runs/{run_id}/events/{revision}/proof`.',
  },
  'event-too-large': {
    status: 413,
    title: 'The event would be too large',
    explanation: 'The event of this command would take more than 1,000,000 bytes in the log. Send less data.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The media type of the body is not accepted',
    explanation:
      'Send `Content-Type: application/json` without compression, and to `/commands` `application/x-ndjson`.',
  },
  'expectation-failed': {
    status: 417,
    title: 'The expectation cannot be met',
    explanation: 'The `Expect` header asks for something other than `100-continue`. Send the request without it.',
  },
  'misdirected-request': {
    status: 421,
    title: 'The request is for another server',
    explanation:
      '`Host` is not a name of this server. It accepts IP addresses, `localhost` and the names given by `serve --allowed-host NAME`. Other names are refused so that no web page can reach the server under a name of its own (DNS rebinding).',
  },
  invalid: {
    status: 422,
    title: 'The body is JSON, but not what is expected',
    explanation:
      '`errors` lists the fields that are missing, unknown or malformed, each with a JSON Pointer (RFC 6901) into the body.',
  },
  'not-i-json': {
    status: 422,
    title: 'The JSON cannot be stored exactly',
    explanation:
      'JSON must be I-JSON (RFC 7493): valid UTF-8, no lone surrogates, no noncharacters, no integer beyond ±(2^53−1), and no number that a double cannot hold exactly as written. A key `__proto__` and more than 64 levels are refused, too. `errors` names the place and the rule. Send such numbers as strings.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key belongs to another command',
    explanation:
      'Another command, or the same command of another actor, is stored in the run under this key. Repeat the first command unchanged, or use a new key for a new command.',
  },
  'occurred-at-in-future': {
    status: 422,
    title: 'The time is in the future',
    explanation:
      "`occurred_at` may be at most 5 minutes ahead of the ledger's clock. Check the clock, or leave it out.",
  },
  'metadata-too-large': {
    status: 422,
    title: "The run's metadata would be too large",
    explanation:
      'The folded `run_metadata` of a run is at most 256 KiB as JSON. Remove keys, or store the data elsewhere.',
  },
  'query-too-expensive': {
    status: 422,
    title: 'The query takes too long',
    explanation:
      'Counting what a search finds took longer than 10 s. Ask for less: add filters or a range of times, or leave out `count`.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    explanation:
      'This caller sent more requests than `serve --rate-limit` allows, a line of `POST /commands` counting as one, or too many credentials from its address were not valid. Nothing was done. Wait as many seconds as `Retry-After` says. In the answer to `POST /commands` this is the last line: the lines before it are executed, the others are not.',
  },
  internal: {
    status: 500,
    title: 'Internal error of the ledger',
    explanation:
      'This is a fault of the ledger, not of the request. The log of the server has the cause under this `request_id`. Repeating a command with the same `Idempotency-Key` is safe.',
  },
  'run-unreadable': {
    status: 500,
    title: "The run's history cannot be read",
    explanation:
      'An event of the run has an unknown type or version, is damaged, or cannot follow the events before it. `detail` names its revision and type. Other runs are not affected. `run-ledger verify` lists all such runs.',
  },
  'position-not-reached': {
    status: 503,
    title: 'The read model has not reached the position yet',
    explanation:
      'The read model did not reach the position in `Run-Ledger-Position` in time. Try again. `/projections` shows how far it lags. A position is valid for one store only.',
    retryAfter: 1,
  },
  'run-contended': {
    status: 503,
    title: 'Too many others write to this run',
    explanation:
      'Other writers won every try, and this request stored nothing. Send it again. Where `outcome` is `unknown`, an earlier request with this key may be stored: send the same `run_id`, and the `command_id` as the `Idempotency-Key`. The answer then says what was stored.',
    retryAfter: 1,
  },
  'run-quarantined': {
    status: 503,
    title: 'The read model cannot show this run',
    explanation:
      'The first event of the run cannot be read, so there is no state to show. `/projections` says why. `run-ledger projections retry` tries again.',
    retryAfter: 60,
  },
  'store-unavailable': {
    status: 503,
    title: 'The store cannot answer now',
    explanation:
      'The log or the read model did not respond in time or is overloaded: `detail` says which. For a command, `outcome` says whether it was stored. After `not_stored`, send it again. After `unknown`, repeat it with the same `run_id`, and the `command_id` as the `Idempotency-Key`: it is never stored twice, and the answer says what was stored. A command that was sent with a key is `unknown` until the log has been read for it. Without an `outcome` nothing was done.',
    retryAfter: 5,
  },
  'access-log-unavailable': {
    status: 503,
    title: 'The access log cannot be written',
    explanation:
      'Exports, streams and the audit trail are served only once the access log has a line of it on the disk; with `serve --access-log-required` everything is. The log of the server says why it cannot be written.',
    retryAfter: 5,
  },
  'too-many-streams': {
    status: 503,
    title: 'Too many streams are open',
    explanation:
      'The server has the most event streams, or complete answers of `/audit`, that it allows at once. Close one, or try again later.',
    retryAfter: 10,
  },
  'http-version-not-supported': {
    status: 505,
    title: 'This answer needs HTTP/1.1',
    explanation:
      'The answer is sent while it is made, so its length is not known in advance. With HTTP/1.0 a client could not see that such an answer is incomplete. Use HTTP/1.1. Some proxies use 1.0 towards servers by default (nginx: `proxy_http_version 1.1`).',
  },
} as const satisfies Record<string, ProblemKind>

export type Slug = keyof typeof PROBLEMS
