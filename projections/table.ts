/** Tables as data: every store makes its tables and statements from them, and `verify` compares by them. */
import type { JsonObject } from '../src/run/json.ts'

/** What stands in a row. A `json` column takes an object and stores its text. */
export type Value = string | number | null | JsonObject

/** A row's values, in the order of its table's columns. */
export type Row = readonly Value[]

/** `merge`, in sums: how a value is merged into the one that is there. */
export type Column = Readonly<{
  type: 'text' | 'integer' | 'real' | 'json'
  nullable: boolean
  merge?: 'sum' | 'min' | 'max'
}>

export const TEXT = { type: 'text', nullable: false } as const
export const TEXT_OR_NULL = { type: 'text', nullable: true } as const
export const INTEGER = { type: 'integer', nullable: false } as const
export const INTEGER_OR_NULL = { type: 'integer', nullable: true } as const
export const REAL = { type: 'real', nullable: false } as const
export const JSON_TEXT = { type: 'json', nullable: false } as const

/** `whereNotNull`: only rows that have this column are in the index. */
export type Index = Readonly<{ columns: readonly string[]; whereNotNull?: string }>

export type Table<
  Name extends string = string,
  Columns extends Readonly<Record<string, Column>> = Readonly<Record<string, Column>>,
> = Readonly<{
  name: Name
  /** `rows` are put and removed; `sums` are merged into what is there. */
  kind: 'rows' | 'sums'
  columns: Columns
  /**
   * What a row is found by; in sums, the first columns. Empty: by all columns, and nothing keeps a row from being there twice.
   */
  key: readonly string[]
  /** `by-key`: rows stand in the order of the key. `as-they-come`: in the order of writing, which suits large rows. */
  stored: 'by-key' | 'as-they-come'
  /** In sums: a row whose value in this column is back at zero goes. */
  goneAtZero?: string
  /** What readers find rows by, by name. A rebuild makes them last. */
  indexes: Readonly<Record<string, Index>>
}>

type ValueOf<Of extends Column> =
  | (Of['type'] extends 'text' | 'json' ? string : number)
  | (Of['nullable'] extends true ? null : never)

/** A row of the table as a reader gets it: JSON as text. */
export type RowOf<Of extends Table> = { readonly [Name in keyof Of['columns']]: ValueOf<Of['columns'][Name]> }

/** A table whose name, columns and types are kept for `RowOf`. */
export const tableOf = <const Name extends string, const Columns extends Readonly<Record<string, Column>>>(
  table: Table<Name, Columns>,
): Table<Name, Columns> => table

export const columnsOf = (table: Table): readonly string[] => Object.keys(table.columns)

/** The columns that a row is found by. */
export const keyOf = (table: Table): readonly string[] => (table.key.length === 0 ? columnsOf(table) : table.key)
