/** Terms of a search: what its field and its values mean, and which of them fit together. */
import type { IToken, TokenType } from 'chevrotain'
import * as O from 'fp-ts/lib/Option.js'
import { parseTime } from '../run/time.ts'
import { SEARCH_FIELDS } from './fields.ts'
import type { Field, JsonField, Operator, Scalar, Term } from './syntax.ts'
import * as T from './tokens.ts'

/** What is wrong, and where, in UTF-16 units; null: at the end, where something is missing. */
export type Misreading = Readonly<{ offset: number | null; detail: string }>

/** `steps`: the tokens between dots and brackets. */
export type TermTokens = Readonly<{
  name: IToken
  steps: readonly IToken[]
  operator: IToken
  values: readonly IToken[]
}>

/** Reads the terms of one search. What is wrong with them is among the faults, and the term something to go on with. */
export type TermReader = Readonly<{ read: (tokens: TermTokens) => Term; faults: readonly Misreading[] }>

const MOST_TERMS = 20
const MOST_VALUES = 100

export const createTermReader = (): TermReader => {
  const faults: Misreading[] = []
  let terms = 0

  const fault = ({ startOffset }: IToken, detail: string): void => {
    faults.push({ offset: startOffset, detail })
  }

  const fieldOf = ({ name, steps }: TermTokens): Field => {
    const field: Field | undefined = Object.hasOwn(SEARCH_FIELDS, name.image)
      ? SEARCH_FIELDS[name.image as keyof typeof SEARCH_FIELDS]
      : undefined
    if (field === undefined) {
      fault(name, `${name.image} is no field: the fields are ${Object.keys(SEARCH_FIELDS).join(', ')}`)
      return SEARCH_FIELDS.metadata
    }
    const [first] = steps
    if (first === undefined) return field
    if (field.kind === 'json') return { ...field, path: steps.map(stepOf) }
    fault(first, `nothing is inside ${name.image}: only input and metadata have members`)
    return field
  }

  const stepOf = (token: IToken): string | number => {
    if (token.tokenType === T.Text) return textOf(token)
    if (token.tokenType !== T.NumberLiteral) return token.image
    if (!INDEX.test(token.image)) fault(token, 'an element is named by a whole number from 0 on')
    return Number(token.image)
  }

  const textOf = (token: IToken): string => {
    const text = JSON.parse(token.image) as string
    if (!text.isWellFormed()) fault(token, 'a string that holds half of a surrogate pair, which no Run does')
    return text
  }

  const scalarOf = (field: Field, token: IToken): Scalar => {
    const { tokenType, image } = token
    if (tokenType === T.Null) return null
    if (field.kind === 'time') return timeOf(field, token)
    if (field.kind === 'duration') return durationOf(token)
    switch (tokenType) {
      case T.Text:
        return textOf(token)
      case T.NumberLiteral:
        return numberOf(token)
      case T.Moment:
        fault(token, 'a time is compared only with created_at, started_at and last_updated_at')
        return null
      case T.Duration:
        fault(token, 'a duration is compared only with duration')
        return null
      default:
        return image === 'true'
    }
  }

  const numberOf = (token: IToken): number => {
    const number = Number(token.image)
    if (!Number.isFinite(number)) fault(token, 'a number too large for a double')
    return number
  }

  const timeOf = (field: Field, token: IToken): Scalar => {
    if (token.tokenType !== T.Moment) {
      fault(token, `${field.name} is compared with a time without quotes, such as 2026-11-01 or 2026-11-01T09:30:00Z`)
      return null
    }
    const { image } = token
    const time = parseTime(image.length === DATE_LENGTH ? `${image}T00:00:00Z` : image)
    if (O.isNone(time))
      fault(token, 'a time is a date or RFC 3339 with an offset, of 1970 to 9999 (in an address, + is sent as %2B)')
    return O.toNullable(time)
  }

  const durationOf = (token: IToken): Scalar => {
    const [, count, unit] = token.tokenType === T.Duration ? (/^(\d+)(.+)$/.exec(token.image) ?? []) : []
    if (count === undefined || unit === undefined) {
      fault(token, 'duration is compared with a whole number and a unit of ms, s, m, h or d, such as 90m')
      return null
    }
    const ms = Number(count) * (UNIT_MS[unit] ?? 1)
    if (!Number.isSafeInteger(ms)) fault(token, 'a duration that no run can have')
    return ms
  }

  const read = (tokens: TermTokens): Term => {
    const { name, operator, values } = tokens
    terms += 1
    if (terms === MOST_TERMS + 1) fault(name, `at most ${MOST_TERMS} comparisons may be given`)
    const extra = values[MOST_VALUES]
    if (extra !== undefined) fault(extra, `at most ${MOST_VALUES} values may be given`)
    const field = fieldOf(tokens)
    const isText = operator.tokenType === T.StartsWith || operator.tokenType === T.Contains
    if (isText && (field.kind === 'time' || field.kind === 'duration')) {
      fault(operator, `${field.name} takes = != < <= > >= in and exists`)
      return { kind: 'exists', field }
    }
    return termOf(
      operator,
      field,
      values.map((value) => scalarOf(field, value)),
    )
  }

  return { read, faults }
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/
const DATE_LENGTH = 10
const UNIT_MS: Partial<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const termOf = ({ tokenType, image }: IToken, field: Field, values: readonly Scalar[]): Term => {
  const value = values[0] as Scalar
  switch (tokenType as TokenType) {
    case T.Exists:
      return { kind: 'exists', field }
    case T.In:
      return { kind: 'in', field, values }
    case T.StartsWith:
      return { kind: 'startswith', field: field as JsonField, value: value as string }
    case T.Contains:
      return { kind: 'contains', field: field as JsonField, value }
    default:
      return { kind: 'comparison', field, operator: image as Operator, value }
  }
}
