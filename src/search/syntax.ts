/** What a search asks for: the syntax tree of `q`, plain data that each read model translates into its own dialect. */

/** Two-valued: each node is true or false of a Run, never unknown. `docs/search.md` says what each means. */
export type Search = And | Or | Not | Term

export type And = Readonly<{ kind: 'and'; operands: readonly Search[] }>
export type Or = Readonly<{ kind: 'or'; operands: readonly Search[] }>
/** True of every Run of which `operand` is false. */
export type Not = Readonly<{ kind: 'not'; operand: Search }>

export type Term = Comparison | OneOf | StartsWith | Contains | Exists

/** False where the field is missing, null or of another type than `value`; but `= null` is true of a null. */
export type Comparison = Readonly<{ kind: 'comparison'; field: Field; operator: Operator; value: Scalar }>
/** True where `=` is true of any of `values`. */
export type OneOf = Readonly<{ kind: 'in'; field: Field; values: readonly Scalar[] }>
/** Of a string, by bytes. */
export type StartsWith = Readonly<{ kind: 'startswith'; field: TextField | JsonField; value: string }>
/** A string that contains `value`, or an array with an element of which `= value` is true. */
export type Contains = Readonly<{ kind: 'contains'; field: TextField | NumberField | JsonField; value: Scalar }>
/** True of a null, too. */
export type Exists = Readonly<{ kind: 'exists'; field: Field }>

/** Numbers compare as doubles, strings by the bytes of their UTF-8, and of booleans false is less than true. */
export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>='

/** Of a time field a Time, of `duration` milliseconds. */
export type Scalar = string | number | boolean | null

export type Field = TextField | NumberField | TimeField | DurationField | JsonField

export type TextField = Readonly<{
  kind: 'text'
  name: 'run_id' | 'run_group_id' | 'policy_version_id' | 'status' | 'result'
}>
export type NumberField = Readonly<{ kind: 'number'; name: 'revision' }>
export type TimeField = Readonly<{ kind: 'time'; name: 'created_at' | 'started_at' | 'last_updated_at' }>
/** From `created_at` to `last_updated_at`, in ms; missing until the run is completed. */
export type DurationField = Readonly<{ kind: 'duration'; name: 'duration' }>
/** What `path` leads to inside `name`: a member for each string, an element for each number. */
export type JsonField = Readonly<{
  kind: 'json'
  name: 'input_data' | 'run_metadata'
  path: readonly (string | number)[]
}>
