/** The one door for JSON from outside: I-JSON (RFC 7493), with bounds. */
import { isUtf8 } from 'node:buffer'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { escapeToken } from '../lib/json-pointer.ts'
import type { Json } from './json.ts'
import { readJson } from './read-json.ts'

/** The text is no JSON at all (RFC 8259). */
export type MalformedJson = Readonly<{ _tag: 'MalformedJson'; detail: string }>
/** JSON, but with something in it that cannot be kept faithfully; `pointer` (RFC 6901) says where. */
export type NotIJson = Readonly<{ _tag: 'NotIJson'; pointer: string; detail: string }>

const MAX_LEVELS = 64

/**
 * Reads `bytes` as I-JSON (RFC 7493): valid UTF-8, no lone surrogates, no integer beyond ±(2^53−1), no number that
 * overflows; further no key `__proto__` and at most 64 levels. Of duplicate keys the last wins. An integer is a number
 * written without fraction and exponent, or one that would be written so again (1e20 is, 1e21 is not).
 */
export const parseJson = (bytes: Uint8Array): Either<MalformedJson | NotIJson, Json> => {
  if (!isUtf8(bytes)) return left({ _tag: 'NotIJson', pointer: '', detail: 'the bytes are not valid UTF-8' })
  const text = textOf(bytes)
  try {
    const value = readJson(text)
    if (isPlain(text)) return right(value)
    const fault = faultIn(value, 1) ?? (LONG_DIGITS.test(text) ? faultIn(readJson(text, markLossy), 1) : null)
    return fault === null ? right(value) : left({ _tag: 'NotIJson', ...fault })
  } catch (error) {
    return left({ _tag: 'MalformedJson', detail: error instanceof Error ? error.message : 'not JSON' })
  }
}

const textOf = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('utf8')

const LONG_DIGITS = /\d{16}/

/** Whether nothing in `text` can hide what I-JSON forbids: no escape, `__proto__`, long number or many brackets. */
const isPlain = (text: string): boolean => {
  if (text.includes('\\u') || text.includes('__proto__')) return false
  let digits = 0
  let opening = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code >= ZERO && code <= NINE) {
      digits += 1
      // Past 15 digits an integer may be unsafe; an exponent can make a large number of few.
      if (digits > 15) return false
    } else {
      if (digits > 0 && (code | LOWER_CASE) === EXPONENT) return false
      digits = 0
      if ((code | LOWER_CASE) === OPEN) opening += 1
    }
  }
  return opening <= MAX_LEVELS
}

const ZERO = 0x30
const NINE = 0x39
const EXPONENT = 0x65
// As with letters, one bit tells `[` from `{`.
const LOWER_CASE = 0x20
const OPEN = 0x7b

/** A number that lost digits when it was read becomes NaN, which no JSON text can be. */
const markLossy = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') && !Number.isSafeInteger(value)
    ? Number.NaN
    : value

type Fault = Readonly<{ pointer: string; detail: string }>

/** The first thing in `value`, which stands at `level`, that is no I-JSON. Goes no deeper than the levels allowed. */
const faultIn = (value: Json, level: number): Fault | null => {
  if (typeof value === 'number') return faultOfNumber(value)
  if (typeof value === 'string') return value.isWellFormed() ? null : here('a string with a lone surrogate')
  if (typeof value !== 'object' || value === null) return null
  if (level > MAX_LEVELS) return here(`more than ${MAX_LEVELS} levels`)
  for (const key of Object.keys(value)) {
    const fault = faultOfKey(key) ?? faultIn((value as Record<string, Json>)[key] as Json, level + 1)
    // A lone surrogate in a key cannot be sent back: it is shown replaced.
    if (fault !== null) return { ...fault, pointer: `/${escapeToken(key.toWellFormed())}${fault.pointer}` }
  }
  return null
}

const faultOfNumber = (value: number): Fault | null => {
  if (Number.isNaN(value) || (/^-?\d+$/.test(String(value)) && !Number.isSafeInteger(value)))
    return here('an integer beyond ±(2^53−1): send it as a string')
  return Number.isFinite(value) ? null : here('a number too large for a double: send it as a string')
}

const faultOfKey = (key: string): Fault | null => {
  if (key === '__proto__') return here('the key __proto__ is not taken')
  return key.isWellFormed() ? null : here('a key with a lone surrogate')
}

const here = (detail: string): Fault => ({ pointer: '', detail })
