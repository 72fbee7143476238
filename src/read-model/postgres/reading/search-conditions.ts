/** Searches as SQL. Inside JSON the jsonb copy answers, whose strings are escaped as all texts are: see text.ts. */
import { sql } from 'kysely'
import { TERMINAL_STATUSES } from '../../../run/terminal-status.ts'
import type {
  Comparison,
  Contains,
  Field,
  JsonField,
  NumberField,
  OneOf,
  Scalar,
  Search,
  StartsWith,
} from '../../../search/syntax.ts'
import type { Sql } from '../../sql/conditions.ts'

/** Where a search finds the fields of a Run; of JSON the jsonb copy. */
export type SearchColumns = Readonly<Record<Exclude<Field['name'], 'duration'>, Sql>>

/** Whether the search is true of the run: never null. */
export const searchCondition = (search: Search, columns: SearchColumns): Sql => {
  const again = (inner: Search): Sql => searchCondition(inner, columns)
  switch (search.kind) {
    case 'and':
      return sql`(${sql.join(search.operands.map(again), sql` and `)})`
    case 'or':
      return sql`(${sql.join(search.operands.map(again), sql` or `)})`
    case 'not':
      return sql`(not ${again(search.operand)})`
    case 'exists':
      return exists(columns, search.field)
    case 'comparison':
      return isTrue(comparison(columns, search))
    case 'in':
      return isTrue(oneOf(columns, search))
    case 'startswith':
      return isTrue(ofText(columns, search.field, (text) => sql`starts_with(${text}, ${search.value})`))
    case 'contains':
      return isTrue(contains(columns, search))
    default:
      return search satisfies never
  }
}

const isTrue = (condition: Sql): Sql => sql`((${condition}) is true)`

const exists = (columns: SearchColumns, field: Field): Sql => {
  if (field.kind === 'duration') return isCompleted(columns)
  return field.kind === 'json' ? sql`(${held(columns, field)} is not null)` : sql`true`
}

const comparison = (columns: SearchColumns, { field, operator, value }: Comparison): Sql =>
  value === null && operator !== '=' ? sql`false` : holds(columns, field, sql.raw(operator), value)

const oneOf = (columns: SearchColumns, { field, values }: OneOf): Sql => {
  const kinds = Map.groupBy(values, (value) => (value === null ? 'null' : typeof value))
  const any = [...kinds.values()].map((alike) => holds(columns, field, sql`in`, alike[0] as Scalar, alike))
  return sql`(${sql.join(any, sql` or `)})`
}

/** Whether the field is of the type of `value`, and compares so with it, or with `values`, which are of its type. */
const holds = (columns: SearchColumns, field: Field, operator: Sql, value: Scalar, values?: readonly Scalar[]): Sql => {
  const operand = values === undefined ? operandOf(value) : sql`(${sql.join(values.map(operandOf))})`
  switch (field.kind) {
    case 'json':
      return value === null
        ? sql`jsonb_typeof(${held(columns, field)}) = 'null'`
        : sql`${scalarIn(held(columns, field), value)} ${operator} ${operand}`
    case 'duration':
      return typeof value === 'number' ? sql`${durationOf(columns)} ${operator} ${operand}` : sql`false`
    case 'number':
      if (value === null) return sql`${columns[field.name]} is null`
      return typeof value === 'number' ? sql`${columns[field.name]}::float8 ${operator} ${operand}` : sql`false`
    default:
      if (value === null) return sql`${columns[field.name]} is null`
      return typeof value === 'string' ? sql`${columns[field.name]} ${operator} ${operand}` : sql`false`
  }
}

const contains = (columns: SearchColumns, { field, value }: Contains): Sql => {
  const inside = typeof value === 'string' ? ofText(columns, field, (text) => has(text, value)) : sql`false`
  if (field.kind !== 'json') return inside
  const element = sql`element.held`
  const isElement =
    value === null ? sql`jsonb_typeof(${element}) = 'null'` : sql`${scalarIn(element, value)} = ${operandOf(value)}`
  return sql`case jsonb_typeof(${held(columns, field)}) when 'string' then ${inside} when 'array' then exists (
    select 1 from jsonb_array_elements(${held(columns, field)}) as element (held) where ${isElement}) end`
}

/** Whether `value` is in `text`. What may look like a part of an escape is compared with both unescaped, but without NUL. */
const has = (text: Sql, value: string): Sql =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what escapes are made of
  /[\0-\x02]/.test(value)
    ? sql`strpos(replace(replace(${text}, ${NUL.stored}, ${NUL.standIn}), ${ESCAPE.stored}, ${ESCAPE.standIn}), ${withStandIns(value)}) > 0`
    : sql`strpos(${text}, ${value}) > 0`

// I-JSON has no noncharacters. What is stored for U+0000 and for U+0001 is what a parameter is escaped to.
const NUL = { stored: '\0', standIn: '\u{fdd0}' } as const
const ESCAPE = { stored: '\x01', standIn: '\u{fdd1}' } as const

const withStandIns = (value: string): string =>
  value.replaceAll(NUL.stored, NUL.standIn).replaceAll(ESCAPE.stored, ESCAPE.standIn)

/** `test` of a string; false of everything else. */
const ofText = (columns: SearchColumns, field: StartsWith['field'] | NumberField, test: (text: Sql) => Sql): Sql => {
  if (field.kind === 'number') return sql`false`
  return test(field.kind === 'text' ? columns[field.name] : scalarIn(held(columns, field), ''))
}

/** What the path leads to, a step at a time: a string is no index, and a number is no name. Null where there is nothing. */
const held = (columns: SearchColumns, { name, path }: JsonField): Sql =>
  path.reduce<Sql>((json, step) => {
    if (typeof step === 'string') return sql`(${json} -> ${step}::text)`
    if (step > MOST_ELEMENTS) return sql`null::jsonb`
    // To PostgreSQL a scalar is an array of itself.
    return sql`(case jsonb_typeof(${json}) when 'array' then ${json} -> ${step}::int end)`
  }, columns[name])

const MOST_ELEMENTS = 2 ** 31 - 1

/** The value of `json` where it is of the type of `like`, else null. Numbers are doubles. */
const scalarIn = (json: Sql, like: Exclude<Scalar, null>): Sql => {
  const text = sql`(${json} #>> '{}')`
  switch (typeof like) {
    case 'string':
      return sql`(case jsonb_typeof(${json}) when 'string' then ${text} end collate "C")`
    case 'number':
      return sql`(case jsonb_typeof(${json}) when 'number' then ${text}::float8 end)`
    default:
      return sql`(case jsonb_typeof(${json}) when 'boolean' then ${text}::bool end)`
  }
}

const operandOf = (value: Scalar): Sql => {
  if (typeof value === 'number') return sql`${value}::float8`
  return typeof value === 'boolean' ? sql`${value}::bool` : sql`${value}::text`
}

const COMPLETED = sql.join(TERMINAL_STATUSES.map((status) => sql.lit(status)))
const isCompleted = ({ status }: SearchColumns): Sql => sql`(${status} in (${COMPLETED}))`

/** In ms; null where the run is not completed. */
const durationOf = (columns: SearchColumns): Sql =>
  sql`(case when ${isCompleted(columns)} then ${msOf(columns.last_updated_at)} - ${msOf(columns.created_at)} end)::float8`

const msOf = (time: Sql): Sql => sql`extract(epoch from ${time}::timestamptz) * 1000`
