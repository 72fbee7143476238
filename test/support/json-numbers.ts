/** Numbers of JSON as they are written, and whether a double holds them: by exact arithmetic, slowly. */
import fc from 'fast-check'

/** Any number of JSON, most of them near the edges of what a double holds. */
export const numberToken = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constantFrom('0', '1', '9007199254740991', '9007199254740992', '9007199254740993', '900719925474099'),
      fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String),
      fc.nat().map(String),
    ),
    fc.oneof(
      fc.constantFrom('', '', '.0', '.5', '.10', '.0000000000000000', `.${'0'.repeat(101)}1`),
      fc.nat().map((digits) => `.${digits}`),
      fc.bigInt({ min: 0n, max: 10n ** 20n }).map((digits) => `.000${digits}`),
    ),
    fc.constantFrom('', '', '', 'e0', 'E+1', 'e-1', 'e4', 'e20', 'e307', 'E308', 'e-300', 'e-320', 'E-324', 'e-400'),
  )
  .map((parts) => parts.join(''))

/** Whether I-JSON, as the ledger takes it, lets the number `token` be. */
export const isHeldByDouble = (token: string): boolean => {
  const value = Number(token)
  const written = fractionOf(token)
  if (!Number.isFinite(value) || (value === 0 && written.numerator !== 0n)) return false
  // Integers are what is written so, or would be.
  if ((/^-?\d+$/.test(token) || (Number.isInteger(value) && Math.abs(value) < 1e21)) && !Number.isSafeInteger(value))
    return false
  if (written.numerator === 0n) return true
  // A double's own text is held, also where it is half-way between two decimals.
  const own = fractionOf(String(value))
  if (own.numerator * written.denominator === written.numerator * own.denominator) return true
  const digits = String(written.digits).replace('-', '').replace(/0+$/, '')
  // The last digit that was written, as a power of ten.
  const last = written.power + (String(written.digits).replace('-', '').length - digits.length)
  return digits.length <= 100 && roundsTo(fractionOfDouble(value), written, last)
}

type Fraction = Readonly<{ numerator: bigint; denominator: bigint }>

const fractionOf = (token: string): Fraction & Readonly<{ digits: bigint; power: number }> => {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = BigInt(whole.replace('-', '') + fraction) * (whole.startsWith('-') ? -1n : 1n)
  const power = Number(exponent) - fraction.length
  return { digits, power, ...scaled(digits, 10n, power) }
}

const fractionOfDouble = (value: number): Fraction => {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const exponent = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & ((1n << 52n) - 1n)
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n)
  return scaled(value < 0 ? -mantissa : mantissa, 2n, Math.max(exponent, 1) - 1075)
}

const scaled = (factor: bigint, base: bigint, power: number): Fraction =>
  power >= 0
    ? { numerator: factor * base ** BigInt(power), denominator: 1n }
    : { numerator: factor, denominator: base ** BigInt(-power) }

/** Whether `value` becomes `written` when it is rounded to ten to the power of `last`, from the middle away from zero. */
const roundsTo = (value: Fraction, written: Fraction, last: number): boolean => {
  const unit = scaled(1n, 10n, last)
  const difference = value.numerator * written.denominator - written.numerator * value.denominator
  const twice = 2n * magnitude(difference) * unit.denominator
  const whole = unit.numerator * value.denominator * written.denominator
  return twice < whole || (twice === whole && difference > 0n === written.numerator < 0n)
}

const magnitude = (number: bigint): bigint => (number < 0n ? -number : number)
