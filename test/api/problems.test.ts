import { expect, expectTypeOf, test } from 'vitest'
import { PROBLEMS, type Slug } from '../../src/api/problem-kinds.ts'
import { type Failure, kindOf, Problem, problem, problemOf } from '../../src/api/problems.ts'
import type { CommandFailure, HistoryFailure } from '../../src/ledger/failures.ts'

const run = { run_id: 'r-1' }
const command = { ...run, command_id: 'c-1' }
const conflict = { status: 'STARTED', revision: 3, detail: 'why' }

const told: readonly (readonly [Failure, Slug, Partial<Problem>])[] = [
  [{ _tag: 'MalformedJson', detail: 'not JSON' }, 'malformed-json', { detail: 'not JSON' }],
  [
    { _tag: 'NotIJson', pointer: '/a/0', detail: 'deep' },
    'not-i-json',
    { errors: [{ pointer: '/a/0', detail: 'deep' }] },
  ],
  [
    { _tag: 'Invalid', errors: [{ pointer: '/status', detail: 'is missing' }] },
    'invalid',
    { detail: '/status: is missing', errors: [{ pointer: '/status', detail: 'is missing' }] },
  ],
  [
    { _tag: 'MalformedRequest', errors: [{ header: 'If-Match', detail: 'no tag' }] },
    'malformed-request',
    { detail: 'If-Match: no tag' },
  ],
  [{ _tag: 'BodyTooLarge', limit: 1024 }, 'body-too-large', { detail: 'at most 1024 bytes are taken' }],
  [{ _tag: 'EventTooLarge', bytes: 1_000_001 }, 'event-too-large', {}],
  [{ _tag: 'RunExists', ...conflict }, 'run-exists', { current_status: 'STARTED', revision: 3, detail: 'why' }],
  [{ _tag: 'RunNotStarted', ...conflict }, 'run-not-started', { current_status: 'STARTED', revision: 3 }],
  [{ _tag: 'RunAlreadyStarted', ...conflict }, 'run-already-started', { current_status: 'STARTED', revision: 3 }],
  [{ _tag: 'RunCompleted', ...conflict }, 'run-completed', { current_status: 'STARTED', revision: 3 }],
  [{ _tag: 'TimeRunsBackwards', ...conflict }, 'time-runs-backwards', { current_status: 'STARTED', revision: 3 }],
  [{ _tag: 'RunFull', ...conflict }, 'run-full', { current_status: 'STARTED', revision: 3 }],
  [
    { _tag: 'WrongRevision', expected: 2, revision: 3, status: 'STARTED' },
    'wrong-revision',
    { current_status: 'STARTED', revision: 3, detail: 'the run is at revision 3, not 2' },
  ],
  [
    { _tag: 'OccurredAtInFuture', occurred_at: '2026-01-02T00:00:00.000Z', received_at: '2026-01-01T00:00:00.000Z' },
    'occurred-at-in-future',
    {},
  ],
  [{ _tag: 'MetadataTooLarge', bytes: 300_000 }, 'metadata-too-large', {}],
  [{ _tag: 'RunNotFound' }, 'run-not-found', {}],
  [{ _tag: 'RunNotYetCreated', ...run }, 'run-not-yet-created', run],
  [{ _tag: 'NoSuchRevision', ...run, last: 4 }, 'not-found', run],
  [{ _tag: 'RunDeleted', ...run }, 'run-deleted', run],
  [{ _tag: 'IdempotencyKeyReused', ...run, revision: 2 }, 'idempotency-key-reused', { ...run, revision: 2 }],
  [
    { _tag: 'RunUnreadable', ...run, revision: 2, type: 'RunStarted', detail: 'broken data' },
    'run-unreadable',
    { ...run, revision: 2, detail: 'revision 2, RunStarted: broken data' },
  ],
  [
    { _tag: 'RunContended', ...command, outcome: 'not_stored' },
    'run-contended',
    { ...command, outcome: 'not_stored', detail: expect.stringContaining('was not stored') },
  ],
  [{ _tag: 'RunContended', ...command, outcome: 'unknown' }, 'run-contended', { ...command, outcome: 'unknown' }],
  [
    { _tag: 'CommandUnavailable', ...command, outcome: 'unknown' },
    'store-unavailable',
    { ...command, outcome: 'unknown' },
  ],
  [{ _tag: 'LogUnavailable' }, 'store-unavailable', {}],
]

test.each(told)('the failure $_tag is told as $1', (failure, slug, members) => {
  const answered = problemOf(failure)
  expect(answered).toMatchObject({ type: `/problems/${slug}`, status: PROBLEMS[slug].status, ...members })
  expect(Problem.parse(answered)).toEqual(answered)
})

test('the kinds of problems are these, and no other', () => {
  const slugs = Object.groupBy(Object.keys(PROBLEMS) as Slug[], (slug) => PROBLEMS[slug].status)
  expect(Object.fromEntries(Object.entries(slugs).map(([status, of]) => [status, of.sort().join(' ')]))).toEqual({
    400: 'malformed-json malformed-request',
    401: 'unauthenticated',
    403: 'forbidden',
    404: 'not-found not-signed-yet run-not-found run-not-yet-created',
    405: 'method-not-allowed',
    406: 'not-acceptable',
    408: 'request-timeout',
    409: 'key-name-used last-admin run-already-started run-completed run-exists run-full run-not-started time-runs-backwards',
    410: 'run-deleted',
    412: 'wrong-revision',
    413: 'body-too-large event-too-large pack-too-large',
    415: 'unsupported-media-type',
    417: 'expectation-failed',
    421: 'misdirected-request',
    422: 'idempotency-key-reused invalid metadata-too-large not-i-json occurred-at-in-future query-too-expensive',
    429: 'too-many-requests',
    500: 'internal run-unreadable',
    503: 'access-log-unavailable position-not-reached run-contended run-quarantined store-unavailable too-many-streams',
    505: 'http-version-not-supported',
  })
})

test('every failure of the ledger has its problem', () => {
  expectTypeOf<CommandFailure | HistoryFailure>().toExtend<Failure>()
})

test('what a store says of its trouble stays inside', () => {
  const inside = {
    _tag: 'CommandUnavailable',
    ...command,
    outcome: 'not_stored',
    detail: 'SQLITE_IOERR /var/x',
  } as const
  expect(JSON.stringify(problemOf(inside))).not.toContain('SQLITE')
})

test('a problem knows its row, and 503 always says when to try again', () => {
  for (const slug of Object.keys(PROBLEMS) as Slug[]) {
    const kind = kindOf(problem(slug, 'detail'))
    expect(kind).toBe(PROBLEMS[slug])
    expect(kind.retryAfter !== undefined).toBe(kind.status === 503)
  }
})
