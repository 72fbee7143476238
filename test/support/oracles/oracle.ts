/**
 * What the projections must say, computed from the raw events in the plainest way. It imports nothing of the project but
 * types, so that what it has in common with the projections is the design alone.
 */
import type { Entry } from '../../../projections/audit-entry.ts'
import type { StoredEvent } from '../../../src/event-store/event-store.ts'
import type { Json, JsonObject } from '../../../src/run/json.ts'
import type { Run } from '../../../src/run/run.ts'

/** An event and what came of it; `after` is null where its run cannot be read as far as it. */
export type Seen = Readonly<{
  stored: StoredEvent
  entry: Entry
  before: Run | null
  after: Run | null
  /** When the ledger knew the run as far as this. */
  known_from: string
}>

type Raw = { [key: string]: Json }

/** Every event of the log in its order. */
export const seenIn = (events: readonly StoredEvent[]): readonly Seen[] => {
  const runs = new Map<string, { run: Run | null; next: number; known: string; blocked: boolean }>()
  return events.map((stored) => {
    const at = runs.get(stored.stream) ?? { run: null, next: 0, known: '', blocked: false }
    runs.set(stored.stream, at)
    const data = JSON.parse(stored.data) as Raw
    const metadata = JSON.parse(stored.metadata) as Raw
    const isReadable = stored.revision === at.next && TYPES.includes(stored.type) && data['run_id'] === stored.stream
    if (!isReadable) at.blocked = true
    const before = at.run
    const after = at.blocked ? null : changedBy(before, stored.type, data)
    const recorded_at = ((metadata['imported'] as Raw | undefined)?.['recorded_at'] as string) ?? stored.recorded_at
    if (after !== null) {
      at.run = after
      at.next += 1
      if (recorded_at > at.known) at.known = recorded_at
    }
    const entry = {
      position: stored.position,
      event_id: stored.event_id,
      run_id: stored.stream,
      revision: stored.revision,
      type: stored.type,
      schema_version: metadata['schema_version'],
      occurred_at: data['occurred_at'] ?? null,
      occurred_at_from: metadata['occurred_at_from'],
      recorded_at,
      actor: metadata['actor'],
      recorded_by: metadata['recorded_by'],
      reason: data['reason'] ?? null,
      command_id: metadata['command_id'],
      correlation_id: metadata['$correlationId'],
      causation_id: metadata['$causationId'],
      changes: after === null ? null : changesBetween(before, after),
      data,
    } as unknown as Entry
    return { stored, entry, before, after, known_from: at.known }
  })
}

const TYPES = ['RunCreated', 'RunStarted', 'RunStatusChanged', 'RunCompleted']

const changedBy = (run: Run | null, type: string, data: Raw): Run => {
  const time = data['occurred_at'] as string
  if (type === 'RunCreated') {
    const { occurred_at: _, reason: __, ...fields } = data
    const rest = { status: 'PENDING', result: null, created_at: time, started_at: null, last_updated_at: time }
    return { ...fields, ...rest } as unknown as Run
  }
  const patch = (data['run_metadata'] ?? {}) as Raw
  return {
    ...(run as Run),
    status: type === 'RunStarted' ? 'STARTED' : (data['status'] as string),
    ...(type === 'RunStarted' ? { started_at: time } : {}),
    ...(type === 'RunCompleted' ? { result: data['result'] as string | null } : {}),
    run_metadata: patched((run as Run).run_metadata, patch),
    last_updated_at: time,
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/** RFC 7396, line by line. */
const patched = (target: Json | undefined, patch: Json): JsonObject => {
  const result = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch as JsonObject))
    if (value === null) result.delete(key)
    else result.set(key, isObject(value) ? patched(result.get(key), value) : value)
  return Object.fromEntries(result)
}

const FIELDS = 'run_id run_group_id policy_version_id status result input_data run_metadata created_at started_at'

const changesBetween = (before: Run | null, after: Run): Json[] => {
  const take = (run: Run) => Object.fromEntries(FIELDS.split(' ').map((field) => [field, run[field as keyof Run]]))
  return difference('', before === null ? {} : take(before), take(after))
}

const difference = (path: string, from: JsonObject, to: JsonObject): Json[] =>
  [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key): Json[] => {
    const [was, is] = [own(from, key), own(to, key)]
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (isObject(was) && isObject(is)) return difference(at, was, is)
    if (sorted(was) === sorted(is)) return []
    return [{ path: at, ...(was === undefined ? {} : { from: was }), ...(is === undefined ? {} : { to: is }) }]
  })

/** The same text for the same JSON, whatever the order of its keys; `{}` and `[]` differ. */
const sorted = (value: Json | undefined): string | undefined =>
  value === undefined
    ? undefined
    : JSON.stringify(value, (_, inner: Json) => {
        if (Array.isArray(inner)) return ['array', ...inner]
        return isObject(inner) ? ['object', ...Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))] : inner
      })

/** Each run as it was last, by `of`: all that can be read, or what had occurred or was known at a moment. */
export const runsAt = (
  seen: readonly Seen[],
  { as_of, known_at }: Readonly<{ as_of?: string | undefined; known_at?: string | undefined }> = {},
): readonly Run[] => {
  const runs = new Map<string, Run>()
  for (const { after, known_from } of seen)
    if (after !== null && after.last_updated_at <= (as_of ?? '~') && known_from <= (known_at ?? '~'))
      runs.set(after.run_id, after)
  return [...runs.values()]
}

export type GroupFigures = Readonly<{
  runs: number
  by_status: Record<string, number>
  created_at: string
  last_updated_at: string
}>

export const groupIn = (seen: readonly Seen[], run_group_id: string): GroupFigures | null =>
  figuresOf(runsAt(seen).filter((run) => run.run_group_id === run_group_id))

export const policyVersionIn = (seen: readonly Seen[], policy_version_id: string): GroupFigures | null =>
  figuresOf(runsAt(seen).filter((run) => run.policy_version_id === policy_version_id))

const figuresOf = (runs: readonly Run[]): GroupFigures | null => {
  if (runs.length === 0) return null
  return {
    runs: runs.length,
    by_status: countedBy(runs.map(({ status }) => status)),
    created_at: runs.map(({ created_at }) => created_at).sort()[0] as string,
    last_updated_at: runs
      .map(({ last_updated_at }) => last_updated_at)
      .sort()
      .at(-1) as string,
  }
}

export const countedBy = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const COMPLETED = ['SUCCESS', 'FAILURE', 'CANCELLED']

export const isCompleted = ({ status }: Run): boolean => COMPLETED.includes(status)

/** In ms, from the least to the greatest. */
export const durationsOf = (runs: readonly Run[]): readonly number[] =>
  runs
    .filter(isCompleted)
    .map(({ created_at, last_updated_at }) => Date.parse(last_updated_at) - Date.parse(created_at))
    .sort((a, b) => a - b)

/** Nearest rank: the least duration that `percent` of all do not exceed. */
export const percentileOf = (durations: readonly number[], percent: number): number =>
  durations[Math.ceil((percent / 100) * durations.length) - 1] as number

/** Whether an event set, changed and said what these filters ask for. */
export const sets = (
  { entry, after }: Pick<Seen, 'entry' | 'after'>,
  { status, result, path, reason }: SetFilters,
): boolean => {
  const any = (values: readonly string[] | undefined, value: string | null | undefined) =>
    values === undefined || (value != null && values.includes(value))
  const isAt = (changed: string, asked: string) =>
    asked.endsWith('*') ? changed.startsWith(asked.slice(0, -1)) : changed === asked
  return (
    any(status, after?.status) &&
    any(result, entry.type === 'RunCompleted' ? after?.result : null) &&
    (path === undefined || (entry.changes ?? []).some((change) => path.some((asked) => isAt(change.path, asked)))) &&
    (reason === undefined || reason.some((part) => entry.reason?.includes(part) === true))
  )
}

export type SetFilters = Readonly<{
  status?: readonly string[] | undefined
  result?: readonly string[] | undefined
  path?: readonly string[] | undefined
  reason?: readonly string[] | undefined
}>
