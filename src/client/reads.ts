/** What answers about runs, their history, groups and figures, and about the server itself. */
import type { AgreementAnswer, AgreementQuery } from '../api/agreement.ts'
import type { IndexAnswer, ProjectionsAnswer, RunAnswer, RunListAnswer } from '../api/answers.ts'
import type { CompareAnswer, CompareQuery } from '../api/compare.ts'
import type { AuditQuery, EntryFormat, EntryPageAnswer } from '../api/entries.ts'
import type { RunGroupAnswer } from '../api/groups.ts'
import type { ConsistencyAnswer, ProofAnswer } from '../api/log.ts'
import type { PolicyStatsAnswer, PolicyStatsQuery } from '../api/policy-stats.ts'
import type { PageQuery } from '../api/query-parts.ts'
import type { RunListQuery, RunReadQuery } from '../api/run-query.ts'
import type { ProvenanceAnswer, ReplayAnswer } from '../api/run-views.ts'
import type { PolicyVersionsAnswer, RunGroupsAnswer } from '../api/summaries.ts'
import { revisionOf, runPath } from './commands.ts'
import { type CallOptions, type Context, correlation, type ReadOptions, readHeaders } from './context.ts'
import { type QueryOf, queryString } from './query.ts'
import { type Result, right } from './result.ts'
import { attempt, type Sending, send } from './send.ts'

/** With the position that the read model was at. */
export type Read<Answer> = Answer & Readonly<{ position: string }>

/** `quarantined`: a later event, of this revision, cannot be read, and `run` is the last good one; null for most. */
export type RunRead = Readonly<{ run: RunAnswer; revision: number; position: string; quarantined: number | null }>

/** The bytes as they come. Reading them fails where the server cuts them off: only an end is an end. */
export type Exported = Readonly<{ position: string; headers: Headers; body: ReadableStream<Uint8Array> }>

export type Reads = Readonly<{
  getRun: (run_id: string, query?: QueryOf<RunReadQuery>, options?: ReadOptions) => Promise<Result<RunRead>>
  listRuns: (query?: QueryOf<RunListQuery>, options?: ReadOptions) => Promise<Result<Read<RunListAnswer>>>
  /** The audit trail of one run, oldest first. */
  listRunEvents: (
    run_id: string,
    query?: QueryOf<PageQuery>,
    options?: ReadOptions,
  ) => Promise<Result<Read<EntryPageAnswer>>>
  /** The Run after each of its events. */
  replayRun: (run_id: string, query?: QueryOf<PageQuery>, options?: ReadOptions) => Promise<Result<Read<ReplayAnswer>>>
  /** Which Entry set each field. */
  getProvenance: (run_id: string, options?: ReadOptions) => Promise<Result<Read<ProvenanceAnswer>>>
  /** The audit trail of all runs, a page. */
  listEntries: (
    query?: Omit<QueryOf<AuditQuery>, 'format' | 'csv'>,
    options?: ReadOptions,
  ) => Promise<Result<Read<EntryPageAnswer>>>
  /** The whole audit trail that matches, up to `position`. */
  exportEntries: (
    format: Exclude<EntryFormat, 'json'>,
    query?: Omit<QueryOf<AuditQuery>, 'format' | 'limit' | 'cursor'>,
    options?: ReadOptions,
  ) => Promise<Result<Exported>>
  getRunGroup: (
    run_group_id: string,
    query?: QueryOf<PageQuery>,
    options?: ReadOptions,
  ) => Promise<Result<Read<RunGroupAnswer>>>
  /** All policy versions with what their runs came to, in the order of their ids. */
  listPolicyVersions: (query?: QueryOf<PageQuery>, options?: ReadOptions) => Promise<Result<Read<PolicyVersionsAnswer>>>
  /** All groups of runs with what their runs came to, in the order of their ids. */
  listRunGroups: (query?: QueryOf<PageQuery>, options?: ReadOptions) => Promise<Result<Read<RunGroupsAnswer>>>
  getPolicyStats: (
    policy_version_id: string,
    query?: QueryOf<PolicyStatsQuery>,
    options?: ReadOptions,
  ) => Promise<Result<Read<PolicyStatsAnswer>>>
  /** Where two policy versions agree about the groups that both have decided, and a page of those that differ. */
  getAgreement: (
    policy_version_id: string,
    query: QueryOf<AgreementQuery> & Pick<AgreementQuery, 'with'>,
    options?: ReadOptions,
  ) => Promise<Result<Read<AgreementAnswer>>>
  /** Two runs, or two moments of one, as `ID`, `ID@revision` or `ID@time`: a JSON Patch from a to b, and their events. */
  compareRuns: (query: CompareQuery, options?: ReadOptions) => Promise<Result<Read<CompareAnswer>>>
  /** The newest signed checkpoint: a signed note. */
  getCheckpoint: (options?: CallOptions) => Promise<Result<string>>
  /** Proof that the tree of the first `from` events is a prefix of that of the first `to`. */
  getConsistency: (
    query: Readonly<{ from: number; to: number }>,
    options?: CallOptions,
  ) => Promise<Result<ConsistencyAnswer>>
  /** A tile of the tree by its path, `<L>/<N>` or `<L>/<N>.p/<W>`. */
  getTile: (path: string, options?: CallOptions) => Promise<Result<Uint8Array<ArrayBuffer>>>
  /** The leaves of a tile by its path, `<N>` or `<N>.p/<W>`. */
  getEntryTile: (path: string, options?: CallOptions) => Promise<Result<Uint8Array<ArrayBuffer>>>
  /** The proof that an event of a run is in the log. */
  getProof: (run_id: string, revision: number, options?: CallOptions) => Promise<Result<ProofAnswer>>
  /** The evidence pack of a run: a zip of its events with the proof of each. */
  getEvidence: (run_id: string, options?: CallOptions) => Promise<Result<Uint8Array<ArrayBuffer>>>
  listProjections: (options?: CallOptions) => Promise<Result<Read<ProjectionsAnswer>>>
  /** Whether the process is up. Asked once, as is `getReadiness`: a server that does not answer is an answer here. */
  getHealth: (options?: CallOptions) => Promise<Result<Readonly<{ status: 'up' }>>>
  /** Whether the log and the read model answer and the projector runs; `trust` where checkpoints are signed, or refused. */
  getReadiness: (options?: CallOptions) => Promise<Result<Readonly<{ status: 'ready'; trust?: 'signing' | 'refused' }>>>
  /** The server's name, version and where its routes begin. */
  getIndex: (options?: CallOptions) => Promise<Result<IndexAnswer>>
  /** The OpenAPI document. */
  getOpenApi: (options?: CallOptions) => Promise<Result<Readonly<Record<string, unknown>>>>
}>

export const reads = (context: Context): Reads => {
  const { transport } = context

  const read = async <Answer>(path: string, query: object, options?: ReadOptions): Promise<Result<Read<Answer>>> => {
    const answer = await send(transport, readOf(context, path, query, options), jsonOf<Answer>)
    if (answer._tag === 'Left') return answer
    const { headers, body } = answer.right
    return right({ ...body, position: context.noted(headers) })
  }

  const getRun: Reads['getRun'] = async (run_id, query = {}, options) => {
    const answer = await send(transport, readOf(context, runPath(run_id), query, options), jsonOf<RunAnswer>)
    if (answer._tag === 'Left') return answer
    const { headers, body: run } = answer.right
    const quarantined = headers.get('run-ledger-quarantined')
    return right({
      run,
      revision: revisionOf(headers),
      position: context.noted(headers),
      quarantined: quarantined === null ? null : Number(quarantined),
    })
  }

  const exportEntries: Reads['exportEntries'] = async (format, query = {}, options) => {
    const sending = { ...readOf(context, 'audit', { ...query, format }, options, '*/*'), timeout: null }
    const answer = await send(transport, sending, async ({ body }) => body ?? new ReadableStream<Uint8Array>())
    if (answer._tag === 'Left') return answer
    const { headers, body } = answer.right
    return right({ position: context.noted(headers), headers, body })
  }

  /** What the log proves, which no position has a part in. */
  const prove = async <Answer>(
    path: string,
    accept: string,
    options: CallOptions = {},
    bodyOf: (response: Response) => Promise<Answer>,
  ): Promise<Result<Answer>> => {
    const headers = { accept, ...correlation(options) }
    const sending: Sending = { method: 'GET', path, headers, timeout: READ_TIMEOUT_MS, signal: options.signal }
    const answer = await send(transport, sending, bodyOf)
    return answer._tag === 'Left' ? answer : right(answer.right.body)
  }

  const ask = async <Answer>(path: string, options: CallOptions = {}): Promise<Result<Answer>> => {
    const headers = { accept: JSON_TYPE, ...correlation(options) }
    const sending: Sending = { method: 'GET', path, headers, timeout: READ_TIMEOUT_MS, signal: options.signal }
    const { result } = await attempt(transport, sending, jsonOf<Answer>)
    return result._tag === 'Left' ? result : right(result.right.body)
  }

  return {
    getRun,
    listRuns: (query = {}, options) => read('runs', query, options),
    listRunEvents: (run_id, query = {}, options) => read(`${runPath(run_id)}/events`, query, options),
    replayRun: (run_id, query = {}, options) => read(`${runPath(run_id)}/replay`, query, options),
    getProvenance: (run_id, options) => read(`${runPath(run_id)}/provenance`, {}, options),
    listEntries: (query = {}, options) => read('audit', query, options),
    exportEntries,
    getRunGroup: (run_group_id, query = {}, options) =>
      read(`run-groups/${encodeURIComponent(run_group_id)}`, query, options),
    listPolicyVersions: (query = {}, options) => read('policy-versions', query, options),
    listRunGroups: (query = {}, options) => read('run-groups', query, options),
    getPolicyStats: (policy_version_id, query = {}, options) =>
      read(`policy-versions/${encodeURIComponent(policy_version_id)}/stats`, query, options),
    getAgreement: (policy_version_id, query, options) =>
      read(`policy-versions/${encodeURIComponent(policy_version_id)}/agreement`, query, options),
    compareRuns: (query, options) => read('compare', query, options),
    getCheckpoint: (options) => prove('log/checkpoint', '*/*', options, (response) => response.text()),
    getConsistency: (query, options) =>
      prove(`log/consistency${queryString(query)}`, JSON_TYPE, options, jsonOf<ConsistencyAnswer>),
    getTile: (path, options) => prove(`log/tile/${path}`, '*/*', options, bytesOf),
    getEntryTile: (path, options) => prove(`log/tile/entries/${path}`, '*/*', options, bytesOf),
    getProof: (run_id, revision, options) =>
      prove(`${runPath(run_id)}/events/${revision}/proof`, JSON_TYPE, options, jsonOf<ProofAnswer>),
    getEvidence: (run_id, options) => prove(`${runPath(run_id)}/evidence`, '*/*', options, bytesOf),
    listProjections: (options) => read('projections', {}, options),
    getHealth: (options) => ask('healthz', options),
    getReadiness: (options) => ask('readyz', options),
    getIndex: (options) => ask('', options),
    getOpenApi: (options) => ask('openapi.json', options),
  }
}

const JSON_TYPE = 'application/json'

// A read waits at most 5 s for its position, and a query takes at most 10 s.
const READ_TIMEOUT_MS = 30_000

const readOf = (
  context: Context,
  path: string,
  query: object,
  options: ReadOptions = {},
  accept = JSON_TYPE,
): Sending => ({
  method: 'GET',
  path: path + queryString(query),
  headers: readHeaders(context, accept, options),
  timeout: READ_TIMEOUT_MS,
  signal: options.signal,
})

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer())

const jsonOf = async <Answer>(response: Response): Promise<Answer> => (await response.json()) as Answer
