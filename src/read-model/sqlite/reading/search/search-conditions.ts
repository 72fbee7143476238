/** Searches as SQL. Types are checked before values are compared: of JSON, SQLite takes true for 1. */
import { sql } from 'kysely'
import { TERMINAL_STATUSES } from '../../../../run/terminal-status.ts'
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
} from '../../../../search/syntax.ts'
import type { Sql } from '../../../sql/conditions.ts'

/** Where a search finds the fields of a Run. */
export type SearchColumns = Readonly<Record<Exclude<Field['name'], 'duration'>, Sql>>

/** 1 where the search is true of the run, else 0. */
export const searchCondition = (search: Search, columns: SearchColumns): Sql => {
  const again = (inner: Search): Sql => searchCondition(inner, columns)
  switch (search.kind) {
    case 'and':
      return sql`(${sql.join(search.operands.map(again), sql` and `)})`
    case 'or':
      return sql`(${sql.join(search.operands.map(again), sql` or `)})`
    case 'not':
      return sql`not ${again(search.operand)}`
    case 'exists':
      return exists(columns, search.field)
    case 'comparison':
      return sql`(${comparison(columns, search)} is true)`
    case 'in':
      return sql`(${oneOf(columns, search)} is true)`
    case 'startswith':
      return sql`(${startsWith(columns, search)} is true)`
    case 'contains':
      return sql`(${contains(columns, search)} is true)`
    default:
      return search satisfies never
  }
}

const exists = (columns: SearchColumns, field: Field): Sql => {
  if (field.kind === 'duration') return isCompleted(columns)
  return field.kind === 'json' ? sql`${typeOf(columns, field)} is not null` : sql`true`
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
  const operand = values === undefined ? sql`${bindable(value)}` : sql`(${sql.join(values.map(bindable))})`
  switch (field.kind) {
    case 'json': {
      const type = typeOf(columns, field)
      if (value === null) return sql`${type} = 'null'`
      return sql`(${type} in (${typesOf(value)}) and ${heldIn(columns, field)} ${operator} ${operand})`
    }
    case 'duration':
      return typeof value === 'number' ? sql`${durationOf(columns)} ${operator} ${operand}` : sql`false`
    default:
      if (value === null) return sql`${columns[field.name]} is null`
      return typeof value === (field.kind === 'number' ? 'number' : 'string')
        ? sql`${columns[field.name]} ${operator} ${operand}`
        : sql`false`
  }
}

const startsWith = (columns: SearchColumns, { field, value }: StartsWith): Sql => {
  const bytes = Buffer.from(value)
  return ofText(columns, field, (text) =>
    value === '' ? sql`${text} is not null` : sql`substr(${text}, 1, ${bytes.length}) = ${bytes}`,
  )
}

const contains = (columns: SearchColumns, { field, value }: Contains): Sql => {
  const inside =
    typeof value === 'string'
      ? ofText(columns, field, (text) =>
          value === '' ? sql`${text} is not null` : sql`instr(${text}, ${Buffer.from(value)}) > 0`,
        )
      : sql`false`
  if (field.kind !== 'json') return inside
  const isElement =
    value === null
      ? sql`element.type = 'null'`
      : sql`element.type in (${typesOf(value)}) and element.value = ${bindable(value)}`
  return sql`case ${typeOf(columns, field)} when 'text' then ${inside} when 'array' then exists (
    select 1 from json_each(${columns[field.name]}, ${pathOf(field)}) as element where ${isElement}) end`
}

/** `test` of the bytes of a string: SQLite's functions for texts stop at the first U+0000. Of an empty blob they make null. */
const ofText = (columns: SearchColumns, field: StartsWith['field'] | NumberField, test: (text: Sql) => Sql): Sql => {
  if (field.kind === 'number') return sql`false`
  if (field.kind === 'text') return test(sql`cast(${columns[field.name]} as blob)`)
  return sql`(${typeOf(columns, field)} = 'text' and ${test(sql`cast(${heldIn(columns, field)} as blob)`)})`
}

const typeOf = (columns: SearchColumns, field: JsonField): Sql =>
  sql`json_type(${columns[field.name]}, ${pathOf(field)})`
const heldIn = (columns: SearchColumns, field: JsonField): Sql =>
  sql`json_extract(${columns[field.name]}, ${pathOf(field)})`

/** As SQLite writes paths: members are JSON strings. */
const pathOf = ({ path }: JsonField): string =>
  `$${path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${JSON.stringify(step)}`)).join('')}`

/** What SQLite calls the types of values that compare with `value`. */
const typesOf = (value: Exclude<Scalar, null>): Sql => {
  switch (typeof value) {
    case 'string':
      return sql`'text'`
    case 'number':
      return sql`'integer', 'real'`
    default:
      return sql`'true', 'false'`
  }
}

/** SQLite has no booleans. */
const bindable = (value: Scalar): string | number | null => (typeof value === 'boolean' ? Number(value) : value)

const COMPLETED = sql.join(TERMINAL_STATUSES.map((status) => sql.lit(status)))
const isCompleted = ({ status }: SearchColumns): Sql => sql`(${status} in (${COMPLETED}))`

/** In ms; null where the run is not completed. */
const durationOf = (columns: SearchColumns): Sql =>
  sql`case when ${isCompleted(columns)} then ${msOf(columns.last_updated_at)} - ${msOf(columns.created_at)} end`

/** Whole: SQLite's own fractions of seconds are rounded. */
const msOf = (time: Sql): Sql => sql`(unixepoch(substr(${time}, 1, 19)) * 1000 + substr(${time}, 21, 3))`
