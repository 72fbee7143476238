/** What a search asks for that filters ask for, too, so that the indexes for filters help it. */
import { timeOf } from '../../run/time.ts'
import type { Comparison, OneOf, Scalar, Search } from '../../search/syntax.ts'
import type { RunFilters, RunQuery } from '../read-model.ts'
import { isPast } from './run-predicates.ts'

/** `query` with every filter that follows from `search`. The search itself is still to be asked: filters say less. */
export const narrowed = (query: RunQuery, search: Search): RunQuery => {
  let narrower = query
  for (const each of conjunctsOf(search)) narrower = { ...narrower, ...filterOf(narrower, each) }
  return narrower
}

/** What must be true for `search` to be. */
const conjunctsOf = (search: Search): readonly Search[] =>
  search.kind === 'and' ? search.operands.flatMap(conjunctsOf) : [search]

const filterOf = (query: RunQuery, search: Search): RunFilters => {
  if (search.kind === 'in') return equalities(query, search, search.values)
  if (search.kind !== 'comparison') return {}
  if (search.field.kind === 'time') return range(query, search, search.field.name)
  return search.operator === '=' ? equalities(query, search, [search.value]) : {}
}

const equalities = (query: RunQuery, { field }: Comparison | OneOf, values: readonly Scalar[]): RunFilters => {
  if (field.kind === 'text') {
    const texts = values.filter((value) => typeof value === 'string')
    // A null is found by no filter.
    return query[field.name] === undefined && texts.length === values.length ? { [field.name]: texts } : {}
  }
  const [value] = values
  const [key] = field.kind === 'json' && field.name === 'run_metadata' && field.path.length === 1 ? field.path : []
  // In a past moment filters of metadata are about what it is now.
  if (typeof key !== 'string' || values.length !== 1 || value === undefined || isPast(query)) return {}
  return { metadata: [...(query.metadata ?? []), [key, typeof value === 'string' ? value : JSON.stringify(value)]] }
}

const FILTERS = {
  created_at: ['created_after', 'created_before'],
  last_updated_at: ['updated_after', 'updated_before'],
} as const

const range = (query: RunQuery, { operator, value }: Comparison, field: string): RunFilters => {
  if (typeof value !== 'string' || (field !== 'created_at' && field !== 'last_updated_at')) return {}
  const [after, before] = FILTERS[field]
  const next = timeOf(Date.parse(value) + 1)
  const from = operator === '>' ? next : operator === '=' || operator === '>=' ? value : undefined
  const until = operator === '<' ? value : operator === '=' || operator === '<=' ? next : undefined
  return { [after]: later(query[after], from), [before]: earlier(query[before], until) }
}

const later = (one: string | undefined, other: string | undefined): string | undefined =>
  one === undefined || (other !== undefined && other > one) ? other : one

const earlier = (one: string | undefined, other: string | undefined): string | undefined =>
  one === undefined || (other !== undefined && other < one) ? other : one

/** Whether it names a field of the metadata. */
export const readsMetadata = (search: Search): boolean => {
  if (search.kind === 'and' || search.kind === 'or') return search.operands.some(readsMetadata)
  return search.kind === 'not' ? readsMetadata(search.operand) : search.field.name === 'run_metadata'
}
