/** The filters of a list of runs, as predicates, and what holds of them in any dialect. */
import type { RunMoment, RunQuery, RunSort } from '../read-model.ts'

export type SortColumn = 'created_at' | 'last_updated_at'

/** Any of `values`. */
export type Equality = Readonly<{ kind: 'equality'; column: EqualityColumn; values: readonly string[] }>
/** `from` ≤ column < `before`. */
export type Range = Readonly<{ kind: 'range'; column: SortColumn; from?: string; before?: string }>
export type MetadataValue = Readonly<{ kind: 'metadata'; key: string; value: string }>

export type Predicate = Equality | Range | MetadataValue

const EQUALITY_COLUMNS = ['run_id', 'status', 'result', 'run_group_id', 'policy_version_id'] as const
type EqualityColumn = (typeof EQUALITY_COLUMNS)[number]

/** `from` ≤ value < `before`. */
export type Bounds = Readonly<{ from?: string | number; before?: string | number }>

/** What each of the query's filters asks for; all must hold. */
export const predicatesOf = (query: RunQuery): readonly Predicate[] => [
  ...EQUALITY_COLUMNS.flatMap((column): readonly Equality[] => {
    const values = query[column]
    return values === undefined ? [] : [{ kind: 'equality', column, values: [...new Set(values)] }]
  }),
  ...rangeOf('created_at', query.created_after, query.created_before),
  ...rangeOf('last_updated_at', query.updated_after, query.updated_before),
  ...(query.metadata ?? []).map(([key, value]): MetadataValue => ({ kind: 'metadata', key, value })),
]

const rangeOf = (column: SortColumn, from: string | undefined, before: string | undefined): readonly Range[] =>
  from === undefined && before === undefined
    ? []
    : [
        {
          kind: 'range',
          column,
          ...(from === undefined ? undefined : { from }),
          ...(before === undefined ? undefined : { before }),
        },
      ]

export const isRangeOf = (predicate: Predicate, column: SortColumn): predicate is Range =>
  predicate.kind === 'range' && predicate.column === column

/** Whether an index holds the runs of one of the predicate's values in the order of `sort`. */
export const isOrdered = (predicate: Predicate, sort: SortColumn): predicate is Equality | MetadataValue =>
  predicate.kind === 'equality'
    ? sort === 'created_at' || predicate.column === 'status' || predicate.column === 'run_id'
    : predicate.kind === 'metadata' && sort === 'created_at'

/** Whether the predicate is about what changes in a run's life, so that in the past only its version has it. */
export const isOfVersion = (predicate: Predicate): boolean =>
  predicate.kind === 'equality'
    ? predicate.column === 'status' || predicate.column === 'result'
    : isRangeOf(predicate, 'last_updated_at')

export const sortColumnOf = (sort: RunSort): SortColumn =>
  sort.endsWith('created_at') ? 'created_at' : 'last_updated_at'

export const isDescending = (sort: string): boolean => sort.startsWith('-')

export const isPast = ({ as_of, known_at }: RunMoment): boolean => as_of !== undefined || known_at !== undefined
