/** Numbers of JSON, and whether a double holds them. */

/**
 * Why the double that `source`, a number of JSON, is read as says something else than what was written; null where it does not.
 * Compared are as many significant digits as were written, zeros at the end aside: 0.1 and 1.10 are held, as
 * 0.10000000000000001 is, but not 9007199254740991.4. An integer is a number written without fraction and exponent, or one
 * that JSON would write so (1e20 is, 1e21 is not).
 */
export const lossIn = (source: string): string | null => {
  const value = Number(source)
  if (!Number.isFinite(value)) return 'a number too large for a double'
  if (isInteger(source, value) && !Number.isSafeInteger(value)) return 'an integer beyond ±(2^53−1)'
  const written = decimalOf(source)
  if (written.digits === '') return null
  if (value === 0) return 'a number too small for a double'
  if (written.digits.length <= CERTAIN_DIGITS && Math.abs(value) > SMALLEST_NORMAL) return null
  if (written.digits.length > MOST_DIGITS) return `a number of more than ${MOST_DIGITS} digits`
  // Half-way between two decimals `toPrecision` takes the larger, and a double's own text may be the other.
  const isHeld = [value.toPrecision(written.digits.length), String(value)].some((text) =>
    isSame(decimalOf(text), written),
  )
  return isHeld ? null : 'a number with more digits than a double holds'
}

const isSame = (one: Decimal, other: Decimal): boolean => one.digits === other.digits && one.exponent === other.exponent

const isInteger = (source: string, value: number): boolean => INTEGER.test(source) || INTEGER.test(String(value))
const INTEGER = /^-?\d+$/

// Of a normal double (IEEE 754, binary64), as many digits always come back.
const CERTAIN_DIGITS = 15
const SMALLEST_NORMAL = 2 ** -1022
// The most that `toPrecision` gives.
const MOST_DIGITS = 100

/** `exponent` is that of ten at the first digit. No digits are zero. */
type Decimal = Readonly<{ digits: string; exponent: number }>

const decimalOf = (source: string): Decimal => {
  const [, whole = '', fraction = '', power = '0'] = DECIMAL.exec(source) ?? []
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  return {
    digits: withoutZerosAtEnd(digits),
    exponent: whole.length - 1 - (all.length - digits.length) + Number(power),
  }
}

const DECIMAL = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

// A regular expression would take quadratic time here.
const withoutZerosAtEnd = (digits: string): string => {
  let end = digits.length
  while (digits.charAt(end - 1) === '0') end -= 1
  return digits.slice(0, end)
}
