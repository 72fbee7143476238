/** Random searches, and their text. */
import fc from 'fast-check'
import { SEARCH_FIELDS } from '../../../src/search/fields.ts'
import type { Field, JsonField, NumberField, Scalar, Search, Term, TextField } from '../../../src/search/syntax.ts'

/** What a search is made of: fields, and values that they may have. */
export type Vocabulary = Readonly<{
  fields: readonly Field[]
  /** Of everything but times and durations, and those of one field. */
  values: readonly Scalar[]
  valuesOf?: (field: Field) => readonly Scalar[]
  times: readonly string[]
  /** In ms. */
  durations: readonly number[]
}>

/** Searches of at most `terms` terms. */
export const searches = (vocabulary: Vocabulary, terms = 8): fc.Arbitrary<Search> => {
  const term = termOf(vocabulary)
  const { search } = fc.letrec<{ search: Search }>((tie) => ({
    search: fc.oneof(
      { depthSize: 'small', maxDepth: 3, withCrossShrink: true },
      { arbitrary: term, weight: 3 },
      { arbitrary: tie('search').map((operand): Search => ({ kind: 'not', operand })), weight: 1 },
      {
        arbitrary: fc
          .tuple(
            fc.constantFrom('and' as const, 'or' as const),
            fc.array(tie('search'), { minLength: 2, maxLength: 3 }),
          )
          .map(([kind, operands]): Search => joined(kind, operands)),
        weight: 2,
      },
    ),
  }))
  return search.filter((made) => termsOf(made).length <= terms)
}

const termOf = (vocabulary: Vocabulary): fc.Arbitrary<Term> => {
  const scalar = (field: Field): fc.Arbitrary<Scalar> => {
    if (field.kind === 'time') return fc.oneof(fc.constantFrom(...vocabulary.times), fc.constant(null))
    if (field.kind === 'duration') return fc.oneof(fc.constantFrom(...vocabulary.durations), fc.constant(null))
    const own = vocabulary.valuesOf?.(field) ?? []
    return own.length === 0
      ? fc.constantFrom(...vocabulary.values)
      : fc.oneof(fc.constantFrom(...own), fc.constantFrom(...vocabulary.values))
  }
  const comparison = (field: Field): fc.Arbitrary<Term> =>
    fc
      .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>=' as const), scalar(field))
      .map(([operator, value]): Term => ({ kind: 'comparison', field, operator: operator as '=', value }))
  const oneOf = (field: Field): fc.Arbitrary<Term> =>
    fc.array(scalar(field), { minLength: 1, maxLength: 4 }).map((values): Term => ({ kind: 'in', field, values }))
  const textsOf = (field: Field): readonly string[] =>
    [...(vocabulary.valuesOf?.(field) ?? []), ...vocabulary.values].filter((value) => typeof value === 'string')
  const startsWith = (field: TextField | JsonField): fc.Arbitrary<Term> =>
    pieces(textsOf(field)).map((value): Term => ({ kind: 'startswith', field, value }))
  const contains = (field: TextField | NumberField | JsonField): fc.Arbitrary<Term> =>
    fc.oneof(scalar(field), pieces(textsOf(field))).map((value): Term => ({ kind: 'contains', field, value }))
  return fc.constantFrom(...vocabulary.fields).chain((field) => {
    const any = [comparison(field), oneOf(field), fc.constant<Term>({ kind: 'exists', field })]
    if (field.kind === 'time' || field.kind === 'duration') return fc.oneof(...any)
    if (field.kind === 'number') return fc.oneof(...any, contains(field))
    return fc.oneof(...any, startsWith(field), contains(field))
  })
}

/** Parts of the texts that may be found at the beginning of one or inside. */
const pieces = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...texts), fc.nat(3), fc.nat(3)).map(([text, from, characters]) =>
    [...text]
      .slice(from)
      .slice(0, characters + 1)
      .join(''),
  )

/** `and` inside `and` is one, as it is read. */
const joined = (kind: 'and' | 'or', operands: readonly Search[]): Search => ({ kind, operands })

/** All terms, from left to right. */
export const termsOf = (search: Search): readonly Term[] => {
  if (search.kind === 'and' || search.kind === 'or') return search.operands.flatMap(termsOf)
  return search.kind === 'not' ? termsOf(search.operand) : [search]
}

/** The text that is read as `search`. */
export const searchText = (search: Search): string => {
  switch (search.kind) {
    case 'and':
    case 'or':
      return search.operands.map(nested).join(` ${search.kind} `)
    case 'not':
      return `not ${nested(search.operand)}`
    case 'comparison':
      return `${fieldText(search.field)} ${search.operator} ${valueText(search.field, search.value)}`
    case 'in':
      return `${fieldText(search.field)} in (${search.values.map((value) => valueText(search.field, value)).join(', ')})`
    case 'exists':
      return `${fieldText(search.field)} exists`
    default:
      return `${fieldText(search.field)} ${search.kind} ${valueText(search.field, search.value)}`
  }
}

const nested = (search: Search): string =>
  search.kind === 'and' || search.kind === 'or' ? `(${searchText(search)})` : searchText(search)

const fieldText = (field: Field): string =>
  field.kind === 'json' ? field.name + field.path.map((step) => `[${JSON.stringify(step)}]`).join('') : field.name

const valueText = ({ kind }: Field, value: Scalar): string => {
  if (kind === 'time' && value !== null) return String(value)
  return kind === 'duration' && value !== null ? `${value}ms` : JSON.stringify(value)
}

/** Every field that has nothing inside. */
export const PLAIN_FIELDS: readonly Field[] = Object.values(SEARCH_FIELDS).filter(({ kind }) => kind !== 'json')
