/** An example for each operation: a request, and what a new ledger answers that was asked those before it. Tests ask them all. */

import { CURRENT_RUN, PROJECTIONS } from '../../../projections/projections.ts'
import { version } from '../version.ts'
import { auditExamples } from './audit-examples.ts'
import type { Example } from './example.ts'

const RUN_ID = 'loan-173688'

const CREATED = {
  run_id: RUN_ID,
  run_group_id: 'branch-7',
  policy_version_id: 'policy-2011-10',
  status: 'PENDING',
  result: null,
  input_data: { amount: 20000 },
  run_metadata: { desk: 'front' },
  created_at: '2011-10-01T00:38:44.546Z',
  started_at: null,
  last_updated_at: '2011-10-01T00:38:44.546Z',
}
const STARTED = {
  ...CREATED,
  status: 'STARTED',
  started_at: '2011-10-01T08:00:00.000Z',
  last_updated_at: '2011-10-01T08:00:00.000Z',
}
const IN_REVIEW = {
  ...STARTED,
  status: 'IN_REVIEW',
  run_metadata: { desk: 'risk' },
  last_updated_at: '2011-10-01T09:30:00.000Z',
}
const APPROVED = {
  ...IN_REVIEW,
  status: 'SUCCESS',
  result: 'APPROVED',
  last_updated_at: '2011-10-01T11:00:00.000Z',
}

const step = (
  type: string,
  { status, last_updated_at }: Pick<typeof CREATED, 'status' | 'last_updated_at'>,
  elapsed_ms: number | null,
) => ({
  type,
  status,
  actor: 'resource-112',
  occurred_at: last_updated_at,
  elapsed_ms,
})

const FIGURES = {
  runs: 2,
  by_status: { PENDING: 1, SUCCESS: 1 },
  error_rate: 0,
  created_at: '2011-10-01T00:38:44.546Z',
  last_updated_at: '2011-10-01T11:00:00.000Z',
}

const STEPS = [
  step('RunCreated', CREATED, null),
  step('RunStarted', STARTED, 26_475_454),
  step('RunStatusChanged', IN_REVIEW, 5_400_000),
  step('RunCompleted', APPROVED, 5_400_000),
].map((of, revision) => ({ revision, ...of }))

const isFold = ({ name }: { name: string }) => Number(name === CURRENT_RUN)

/** The fold first, as `/projections` shows them. */
const SHOWN = [...PROJECTIONS].sort((one, other) => isFold(other) - isFold(one))

const json = (answer: unknown) => ({ 'application/json': answer })

const command = (key: string, more: object) => ({
  parameters: { run_id: RUN_ID, 'Idempotency-Key': key, 'Run-Ledger-Actor': 'resource-112', ...more },
})

/** By `operationId`, in the order in which they are asked. The stream has none: it does not end. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  createRun: {
    parameters: { 'Idempotency-Key': 'k-1', 'Run-Ledger-Actor': 'resource-112' },
    body: {
      run_id: RUN_ID,
      run_group_id: 'branch-7',
      policy_version_id: 'policy-2011-10',
      input_data: { amount: 20000 },
      run_metadata: { desk: 'front' },
      occurred_at: '2011-10-01T02:38:44.546+02:00',
    },
    status: 201,
    answers: json(CREATED),
  },
  startRun: {
    ...command('k-2', { 'If-Match': '"0"' }),
    body: { occurred_at: '2011-10-01T08:00:00Z' },
    answers: json(STARTED),
  },
  changeStatus: {
    ...command('k-3', { 'X-Correlation-Id': 'case-4711' }),
    body: {
      status: 'IN_REVIEW',
      run_metadata: { desk: 'risk' },
      reason: 'the amount is above the limit',
      occurred_at: '2011-10-01T09:30:00Z',
    },
    answers: json(IN_REVIEW),
  },
  completeRun: {
    ...command('k-4', {}),
    body: { status: 'SUCCESS', result: 'APPROVED', occurred_at: '2011-10-01T11:00:00Z' },
    answers: json(APPROVED),
  },
  executeCommands: {
    parameters: { 'Idempotency-Key': 'k-5' },
    body: {
      command: 'create',
      run_id: 'loan-173691',
      policy_version_id: 'policy-2011-10',
      occurred_at: '2011-10-01T10:00:00Z',
    },
    answers: { 'application/x-ndjson': { line: 1, ok: true, repeated: false, run_id: 'loan-173691', revision: 0 } },
  },
  getRun: { parameters: { run_id: RUN_ID, as_of: '2011-10-01T10:00:00Z' }, answers: json(IN_REVIEW) },
  listRuns: {
    parameters: { status: ['SUCCESS'], metadata: { desk: 'risk' }, created_after: '2011-10-01T00:00:00Z', count: true },
    answers: json({ data: [APPROVED], next_cursor: null, count: 1 }),
  },
  ...auditExamples(APPROVED),
  listProjections: {
    answers: json({
      data: SHOWN.map(({ name, version }) => ({
        name,
        version,
        position: '00000000000000000005',
        caught_up: true,
        lag_seconds: 0,
        lag_events: 0,
        last_heartbeat: '2026-05-04T09:30:00.000Z',
        rebuilding: false,
        quarantined: [],
      })),
    }),
  },
  getProblem: { parameters: { slug: 'run-not-found' } },
  listPolicyVersions: {
    answers: json({ data: [{ policy_version_id: 'policy-2011-10', ...FIGURES }], next_cursor: null }),
  },
  listRunGroups: {
    answers: json({
      data: [{ run_group_id: 'branch-7', ...FIGURES, runs: 1, by_status: { SUCCESS: 1 } }],
      next_cursor: null,
    }),
  },
  compareRuns: {
    parameters: { a: `${RUN_ID}@1`, b: RUN_ID },
    answers: json({
      a: { revision: 1, run: STARTED },
      b: { revision: 3, run: APPROVED },
      patch: [
        { op: 'replace', path: '/status', value: 'SUCCESS' },
        { op: 'replace', path: '/result', value: 'APPROVED' },
        { op: 'replace', path: '/run_metadata/desk', value: 'risk' },
        { op: 'replace', path: '/last_updated_at', value: '2011-10-01T11:00:00.000Z' },
      ],
      path: [
        { a: STEPS[0], b: STEPS[0] },
        { a: STEPS[1], b: STEPS[1] },
        { a: null, b: STEPS[2] },
        { a: null, b: STEPS[3] },
      ],
    }),
  },
  getIndex: {
    answers: json({
      name: 'run-ledger',
      version,
      links: {
        pages: '/ui/',
        runs: '/runs',
        audit: '/audit',
        stream: '/stream',
        projections: '/projections',
        health: '/healthz',
        readiness: '/readyz',
        openapi: '/openapi.json',
        docs: '/docs',
      },
    }),
  },
  getHealth: { answers: json({ status: 'up' }) },
  getReadiness: { answers: json({ status: 'ready' }) },
}
