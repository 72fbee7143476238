/** The filters of the audit trail, as predicates: what an index finds, and what is tested of each entry. */
import type { EntryQuery } from '../read-model.ts'
import { numberOf } from './positions.ts'
import type { Bounds } from './run-predicates.ts'

export type EntrySortColumn = 'position' | 'occurred_at'

/** Any of `values`. `occurred`: and in this range, which one index holds together with the actor. */
type Actor = Readonly<{ kind: 'actor'; values: readonly string[]; occurred?: Bounds }>
type Type = Readonly<{ kind: 'type'; values: readonly string[] }>
type OfRun = Readonly<{ kind: 'run'; values: readonly string[] }>
/** Of runs that have any of `values`. */
type OfRunWith = Readonly<{ kind: 'run_with'; column: 'policy_version_id' | 'run_group_id'; values: readonly string[] }>
export type IdPredicate = Readonly<{
  kind: 'id'
  column: 'command_id' | 'correlation_id'
  values: readonly string[]
}>
/** The event set the result to any of `values`. */
type Result = Readonly<{ kind: 'result'; values: readonly string[] }>
type Status = Readonly<{ kind: 'status'; values: readonly string[] }>
/** It changed one of these, or something that begins with one of `beginnings`. */
export type PathPredicate = Readonly<{ kind: 'path'; paths: readonly string[]; beginnings: readonly string[] }>
/** Its reason has any of `values` inside. */
export type ReasonPredicate = Readonly<{ kind: 'reason'; values: readonly string[] }>
type EntryRange = Readonly<{ kind: 'range'; column: EntrySortColumn | 'recorded_at' }> & Bounds

/** What an index finds. */
export type EntryDriver = Actor | OfRun | OfRunWith | IdPredicate | Result | EntryRange
export type EntryPredicate = EntryDriver | Type | Status | PathPredicate | ReasonPredicate

/** What each of the query's filters asks for; all must hold. */
export const entryPredicatesOf = (query: EntryQuery): readonly EntryPredicate[] => {
  const { until, occurred_after, occurred_before, recorded_after, recorded_before } = query
  const any = (values: readonly string[] | undefined, predicate: (values: readonly string[]) => EntryPredicate) =>
    values === undefined ? [] : [predicate([...new Set(values)])]
  const ofRunWith = (column: OfRunWith['column']) =>
    any(query[column], (values) => ({ kind: 'run_with', column, values }))
  const id = (column: IdPredicate['column']) => any(query[column], (values) => ({ kind: 'id', column, values }))
  return [
    ...any(query.actor, (values) => ({ kind: 'actor', values })),
    ...any(query.type, (values) => ({ kind: 'type', values })),
    ...any(query.run_id, (values) => ({ kind: 'run', values })),
    ...ofRunWith('policy_version_id'),
    ...ofRunWith('run_group_id'),
    ...id('command_id'),
    ...id('correlation_id'),
    ...any(query.result, (values) => ({ kind: 'result', values })),
    ...any(query.status, (values) => ({ kind: 'status', values })),
    ...any(query.path, pathsOf),
    ...any(query.reason, (values) => ({ kind: 'reason', values })),
    ...rangeOf('occurred_at', occurred_after, occurred_before),
    ...rangeOf('recorded_at', recorded_after, recorded_before),
    ...(until === undefined ? [] : [{ kind: 'range', column: 'position', before: numberOf(until) + 1 } as const]),
  ]
}

/** Whether the text of an Entry has to be read for it. */
export const readsText = ({ kind }: EntryPredicate): boolean => kind === 'path' || kind === 'reason'

const pathsOf = (values: readonly string[]): PathPredicate => ({
  kind: 'path',
  paths: values.filter((path) => !path.endsWith('*')),
  beginnings: values.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1)),
})

// Before any time and after '', which is that of an entry whose time cannot be read.
const FIRST_TIME = '0'

const rangeOf = (
  column: 'occurred_at' | 'recorded_at',
  from: string | undefined,
  before: string | undefined,
): readonly EntryRange[] =>
  from === undefined && before === undefined
    ? []
    : [{ kind: 'range', column, from: from ?? FIRST_TIME, ...(before === undefined ? undefined : { before }) }]
