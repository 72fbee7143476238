/** The examples for the audit trail, groups and figures; `examples.ts` has the requests before them. */
import type { RunAnswer } from '../../api/answers.ts'
import type { EntryAnswer } from '../../api/entries.ts'
import { CLOUD_EVENTS_SOURCE, CLOUD_EVENTS_TYPE, cloudEventOf } from '../../api/entry-formats/entry-cloud-event.ts'
import { CSV_HEADER, csvRowOf } from '../../api/entry-formats/entry-csv.ts'
import type { Example } from './example.ts'

const RUN: RunAnswer = {
  run_id: 'loan-173691',
  run_group_id: null,
  policy_version_id: 'policy-2011-10',
  status: 'PENDING',
  result: null,
  input_data: {},
  run_metadata: {},
  created_at: '2011-10-01T10:00:00.000Z',
  started_at: null,
  last_updated_at: '2011-10-01T10:00:00.000Z',
}

const CREATED: EntryAnswer = {
  position: '00000000000000000005',
  event_id: '94383e50-0ad0-5eaf-bf5d-f645b85b7b24',
  run_id: RUN.run_id,
  revision: 0,
  type: 'RunCreated',
  schema_version: 1,
  occurred_at: RUN.created_at,
  occurred_at_from: 'caller',
  recorded_at: '2026-05-04T09:30:00.000Z',
  actor: 'anonymous',
  recorded_by: { principal: null, via: 'http' },
  reason: null,
  command_id: '775cb444-b4ad-5de2-a185-c87069040464',
  correlation_id: '775cb444-b4ad-5de2-a185-c87069040464',
  causation_id: '775cb444-b4ad-5de2-a185-c87069040464',
  changes: Object.entries(RUN)
    .filter(([field]) => field !== 'last_updated_at')
    .map(([field, to]) => ({ path: `/${field}`, to })),
  data: {
    run_id: RUN.run_id,
    run_group_id: null,
    policy_version_id: RUN.policy_version_id,
    input_data: {},
    run_metadata: {},
    occurred_at: RUN.created_at,
  },
}

const REVIEWED: EntryAnswer = {
  position: '00000000000000000003',
  event_id: 'dc462523-3422-5508-8afb-76c33d808a39',
  run_id: 'loan-173688',
  revision: 2,
  type: 'RunStatusChanged',
  schema_version: 1,
  occurred_at: '2011-10-01T09:30:00.000Z',
  occurred_at_from: 'caller',
  recorded_at: '2026-05-04T09:30:00.000Z',
  actor: 'resource-112',
  recorded_by: { principal: null, via: 'http' },
  reason: 'the amount is above the limit',
  command_id: 'k-3',
  correlation_id: 'case-4711',
  causation_id: 'k-3',
  changes: [
    { path: '/status', from: 'STARTED', to: 'IN_REVIEW' },
    { path: '/run_metadata/desk', from: 'front', to: 'risk' },
  ],
  data: {
    run_id: 'loan-173688',
    status: 'IN_REVIEW',
    run_metadata: { desk: 'risk' },
    occurred_at: '2011-10-01T09:30:00.000Z',
    reason: 'the amount is above the limit',
  },
}

const DURATION_MS = 37_275_454

const json = (answer: unknown) => ({ 'application/json': answer })

/** By `operationId`; `approved` is the one run of the group. */
export const auditExamples = (approved: RunAnswer): Readonly<Record<string, Example>> => ({
  listRunEvents: { parameters: { run_id: RUN.run_id }, answers: json({ data: [CREATED], next_cursor: null }) },
  replayRun: {
    parameters: { run_id: RUN.run_id },
    answers: json({ data: [{ revision: 0, entry: CREATED, run: RUN }], next_cursor: null }),
  },
  getProvenance: {
    parameters: { run_id: RUN.run_id },
    answers: json({
      data: Object.entries(RUN).map(([field, value]) => ({ path: `/${field}`, value, entry: CREATED })),
    }),
  },
  listEntries: {
    parameters: { actor: ['resource-112'], type: ['RunStatusChanged'], sort: 'position' },
    answers: {
      ...json({ data: [REVIEWED], next_cursor: null }),
      'text/csv': CSV_HEADER + csvRowOf(REVIEWED, 'escaped'),
      'application/x-ndjson': REVIEWED,
      [CLOUD_EVENTS_TYPE]: [cloudEventOf(REVIEWED, CLOUD_EVENTS_SOURCE)],
    },
  },
  getRunGroup: {
    parameters: { run_group_id: 'branch-7' },
    answers: json({
      run_group_id: 'branch-7',
      runs: 1,
      by_status: { SUCCESS: 1 },
      created_at: approved.created_at,
      last_updated_at: approved.last_updated_at,
      data: [approved],
      next_cursor: null,
    }),
  },
  getPolicyStats: {
    parameters: {
      policy_version_id: 'policy-2011-10',
      from: '2011-10-01T00:00:00Z',
      to: '2011-10-08T00:00:00Z',
      bucket: 'day',
    },
    answers: json({
      data: [
        {
          from: '2011-10-01T00:00:00.000Z',
          to: '2011-10-02T00:00:00.000Z',
          runs: 2,
          by_status: { PENDING: 1, SUCCESS: 1 },
          error_rate: 0,
          results: [{ result: 'APPROVED', count: 1, share: 1 }],
          duration_ms: {
            count: 1,
            mean: DURATION_MS,
            min: DURATION_MS,
            max: DURATION_MS,
            p50: DURATION_MS,
            p95: DURATION_MS,
            p99: DURATION_MS,
          },
        },
      ],
    }),
  },
  getAgreement: {
    parameters: { policy_version_id: 'policy-2011-10', with: 'policy-2011-11' },
    answers: json({
      policy_version_id: 'policy-2011-10',
      with: 'policy-2011-11',
      groups: 0,
      compared: 0,
      ambiguous: 0,
      agree: 0,
      differ: 0,
      share: null,
      results: [],
      duration_difference_ms: { mean: null, min: null, max: null, p50: null, p95: null, p99: null },
      data: [],
      next_cursor: null,
    }),
  },
})
