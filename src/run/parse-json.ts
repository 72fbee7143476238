/** The only parser of JSON from outside: I-JSON (RFC 7493), with bounds. */
import { isUtf8 } from 'node:buffer'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { escapeToken } from '../lib/json-pointer.ts'
import type { Json } from './json.ts'
import { lossIn } from './json-number.ts'
import { readJson, STRINGS_AND_NUMBERS } from './read-json.ts'

/** The text is no JSON at all (RFC 8259). */
export type MalformedJson = Readonly<{ _tag: 'MalformedJson'; detail: string }>
/** JSON, but with something in it that cannot be stored exactly; `pointer` (RFC 6901) says where. */
export type NotIJson = Readonly<{ _tag: 'NotIJson'; pointer: string; detail: string }>

const MAX_LEVELS = 64

/**
 * Reads `bytes` as I-JSON (RFC 7493): valid UTF-8, no lone surrogates, no noncharacters, no integer beyond ±(2^53−1), and no
 * number that a double does not hold as written; further no key `__proto__` and at most 64 levels. Of duplicate keys the
 * last wins.
 */
export const parseJson = (bytes: Uint8Array): Either<MalformedJson | NotIJson, Json> => {
  if (!isUtf8(bytes)) return left({ _tag: 'NotIJson', pointer: '', detail: 'the bytes are not valid UTF-8' })
  const text = textOf(bytes)
  try {
    const value = readJson(text)
    if (isPlain(text)) return right(value)
    const fault = faultIn(hasLossyNumber(text) ? readJson(text, markLossy) : value, 1)
    return fault === null ? right(value) : left({ _tag: 'NotIJson', ...fault })
  } catch (error) {
    return left({ _tag: 'MalformedJson', detail: error instanceof Error ? error.message : 'not JSON' })
  }
}

const textOf = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('utf8')

/**
 * Whether nothing in `text`, which is JSON, can be what I-JSON forbids: no escape, surrogate, noncharacter,
 * `__proto__`, long number or exponent, and few brackets. One pass over the characters, since most texts are plain.
 */
const isPlain = (text: string): boolean => {
  if (text.includes('\\u') || text.includes('__proto__') || BEYOND_PLAIN.test(text)) return false
  let digits = 0
  let opening = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code >= ZERO && code <= NINE) {
      digits += 1
      // A double holds any 15 digits.
      if (digits > 15) return false
    } else if (code !== POINT) {
      if (digits > 0 && (code | LOWER_CASE) === EXPONENT) return false
      digits = 0
      if ((code | LOWER_CASE) === OPEN) opening += 1
    }
  }
  return opening <= MAX_LEVELS
}

// Surrogates, without which there are no characters beyond U+FFFF, and the noncharacters below.
const BEYOND_PLAIN = /[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const EXPONENT = 0x65
// As with letters, one bit distinguishes `[` from `{`.
const LOWER_CASE = 0x20
const OPEN = 0x7b

const hasLossyNumber = (text: string): boolean => {
  for (const [token] of text.matchAll(STRINGS_AND_NUMBERS))
    if (token.charAt(0) !== '"' && lossIn(token) !== null) return true
  return false
}

/** A symbol, which no JSON text can be, in place of a number that a double does not hold; its description says why. */
const markLossy = (_key: string, value: unknown, context?: { source?: string }): unknown => {
  const loss = typeof value === 'number' && context?.source !== undefined ? lossIn(context.source) : null
  return loss === null ? value : Symbol(loss)
}

type Fault = Readonly<{ pointer: string; detail: string }>

/** The first thing in `value`, which stands at `level`, that is not I-JSON. Goes no deeper than the levels allowed. */
const faultIn = (value: Json | symbol, level: number): Fault | null => {
  if (typeof value === 'symbol') return here(`${value.description}: send it as a string`)
  if (typeof value === 'string') return faultOfText('a string', value)
  if (typeof value !== 'object' || value === null) return null
  if (level > MAX_LEVELS) return here(`more than ${MAX_LEVELS} levels`)
  for (const key of Object.keys(value)) {
    const fault = faultOfKey(key) ?? faultIn((value as Record<string, Json>)[key] as Json, level + 1)
    // A lone surrogate in a key cannot be sent back: it is shown replaced.
    if (fault !== null) return { ...fault, pointer: `/${escapeToken(key.toWellFormed())}${fault.pointer}` }
  }
  return null
}

const faultOfKey = (key: string): Fault | null =>
  key === '__proto__' ? here('the key __proto__ is not accepted') : faultOfText('a key', key)

const faultOfText = (what: string, text: string): Fault | null => {
  if (!text.isWellFormed()) return here(`${what} with a lone surrogate`)
  const [noncharacter] = NONCHARACTER.exec(text) ?? []
  return noncharacter === undefined
    ? null
    : here(`${what} with the noncharacter U+${noncharacter.codePointAt(0)?.toString(16).toUpperCase()}`)
}

// RFC 7493, section 2.1, forbids them as it does surrogates.
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u

const here = (detail: string): Fault => ({ pointer: '', detail })
