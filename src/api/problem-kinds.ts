/** The table of problems (RFC 9457): every kind of refusal that any interface answers with, one row each. */

export type ProblemKind = Readonly<{
  status: number
  title: string
  /** What it means, and what to do about it. */
  explanation: string
  /** After how many seconds it is worth trying again, where waiting may help. */
  retryAfter?: number
}>

/** The rows by slug, in the order of their status. The slug is the end of a problem's `type`, `/problems/<slug>`. */
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
      'A query parameter, a header, a cursor or the request itself has a form that is not taken. `errors` names each fault and says what is expected. A cursor belongs to the query that it came from. The request line and headers together are at most 16 KiB.',
  },
  forbidden: {
    status: 403,
    title: 'This is not allowed',
    explanation:
      'The request comes from a web page of another origin, which may not change anything here. Serve the page and the API under one address.',
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
      "No run has this id. A read that follows a command can miss it for some milliseconds: send the `Run-Ledger-Position` of the command's answer with the read, or read with `consistency=strong`.",
  },
  'run-not-yet-created': {
    status: 404,
    title: 'The run did not exist yet',
    explanation: 'The run was created, or the ledger learnt of it, after the moment asked for. Ask for a later one.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This route does not take this method',
    explanation: 'The `Allow` header lists the methods that it takes.',
  },
  'not-acceptable': {
    status: 406,
    title: 'No form of the answer is acceptable',
    explanation: 'The route cannot answer in any media type of the `Accept` header. `detail` says which it can.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    explanation: 'The server waited for the rest of the request and gave up. Nothing was done. Send it again.',
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
    explanation: 'Nothing changes a completed run. What comes later belongs to a new run.',
  },
  'time-runs-backwards': {
    status: 409,
    title: "The time is before the run's last event",
    explanation:
      "Inside a run time does not run backwards: `occurred_at` must not be before the run's `last_updated_at`. Leave it out, and the ledger gives a time that fits.",
  },
  'run-full': {
    status: 409,
    title: 'The run has as many events as it may',
    explanation: 'A run takes at most 10,000 events, the last one kept for its completion. Complete it.',
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
      'The run changed since the revision in `If-Match`. Read it again, decide again, and send the new ETag.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation:
      'A body, and a line of `POST /commands`, is at most 1 MiB; a request to `/commands` has at most 10,000 lines and 64 MiB. Send less at once.',
  },
  'event-too-large': {
    status: 413,
    title: 'The event would be too large',
    explanation: 'What the command leads to takes more than 1,000,000 bytes as stored. Send less data.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is of a media type that is not taken',
    explanation: 'Send `Content-Type: application/json`, to `/commands` `application/x-ndjson`, without compression.',
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
      '`Host` is not a name of this server. It takes addresses, `localhost` and the names of `serve --allowed-host NAME`, so that no web page can reach it under a name of its own.',
  },
  invalid: {
    status: 422,
    title: 'The body is JSON, but not what is expected',
    explanation:
      '`errors` lists what is missing, unknown or of the wrong form, each with a JSON Pointer (RFC 6901) into the body.',
  },
  'not-i-json': {
    status: 422,
    title: 'The JSON cannot be kept faithfully',
    explanation:
      'JSON is read as I-JSON (RFC 7493): valid UTF-8, no lone surrogates, no noncharacters, no integer beyond ±(2^53−1), no number that a double does not hold as it is written; further no key `__proto__` and at most 64 levels. `errors` says where the body breaks which rule. Send such numbers as strings.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key belongs to another command',
    explanation:
      'The run has stored a different command under this key, or the same by another actor. Repeat the first one unchanged, or use a new key for a new command.',
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
      'The folded `run_metadata` of a run is at most 256 KiB as JSON. Remove keys, or keep the data elsewhere.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong inside the ledger',
    explanation:
      'This is a fault of the ledger, not of the request. Its log names the cause under the `request_id`. Repeating a command with the same `Idempotency-Key` is safe.',
  },
  'run-unreadable': {
    status: 500,
    title: "The run's history cannot be read",
    explanation:
      'An event of the run is of an unknown type or version, broken, or cannot follow what came before; `detail` names its revision and type. Other runs are not harmed. `run-ledger verify` shows all such runs.',
  },
  'position-not-reached': {
    status: 503,
    title: 'The read model is not that far yet',
    explanation:
      'The read model did not get to the position in `Run-Ledger-Position` in time. Try again; `/projections` shows how far it lags. A position holds within one store only.',
    retryAfter: 1,
  },
  'run-contended': {
    status: 503,
    title: 'Too many others write to this run',
    explanation:
      'Other writers won every try, and this request stored nothing. Send it again, with the same `run_id` and the `command_id` as its `Idempotency-Key` where `outcome` is `unknown`: an earlier request with this key may be stored, and this settles it.',
    retryAfter: 1,
  },
  'run-quarantined': {
    status: 503,
    title: 'The read model cannot show this run',
    explanation:
      "The run's very first event cannot be read, so there is no good state to show. `/projections` says why; `run-ledger projections retry` tries again.",
    retryAfter: 60,
  },
  'store-unavailable': {
    status: 503,
    title: 'The store cannot answer now',
    explanation:
      'The log or the read model did not answer in time, or has as much to do as it may: `detail` says which. Where a command was asked for, `outcome` says whether the command was stored: after `not_stored` send it again; after `unknown` repeat it with the same `run_id` and the `command_id` as its `Idempotency-Key`, which settles it and never stores twice. A command that came with a key is `unknown` until the log answers for it. Without an `outcome` nothing was done.',
    retryAfter: 5,
  },
  'too-many-streams': {
    status: 503,
    title: 'Too many streams are open',
    explanation:
      'The server has as many event streams, or answers of `/audit` with all that matches, under way as it may. Close one, or try again later.',
    retryAfter: 10,
  },
  'http-version-not-supported': {
    status: 505,
    title: 'This answer needs HTTP/1.1',
    explanation:
      'The answer is sent while it is made, so its length is not known. HTTP/1.0 could not show that it broke off: use HTTP/1.1. Proxies may use 1.0 towards a server by default (nginx: `proxy_http_version 1.1`).',
  },
} as const satisfies Record<string, ProblemKind>

export type Slug = keyof typeof PROBLEMS
