/** The words of the search language. */
import { createToken, Lexer, type TokenType } from 'chevrotain'

export const Name = createToken({ name: 'Name', label: 'a name', pattern: /[A-Za-z_][A-Za-z0-9_]*/ })

const category = (name: string, label: string): TokenType => createToken({ name, label, pattern: Lexer.NA })

/** Reserved where a field or a value may stand; after a dot it is a member's name like any other. */
export const Keyword = category('Keyword', 'a name')
/** What compares a field with one value. */
export const Comparator = category('Comparator', 'an operator')
export const Value = category('Value', 'a value')

const keyword = (word: string, ...categories: TokenType[]): TokenType =>
  createToken({ name: word, label: word, pattern: word, longer_alt: Name, categories: [Keyword, ...categories] })

export const And = keyword('and')
export const Or = keyword('or')
export const Not = keyword('not')
export const In = keyword('in')
export const StartsWith = keyword('startswith')
export const Contains = keyword('contains')
export const Exists = keyword('exists')
export const True = keyword('true', Value)
export const False = keyword('false', Value)
export const Null = keyword('null', Value)

const comparator = (name: string, sign: string): TokenType =>
  createToken({ name, label: sign, pattern: sign, categories: Comparator })

const sign = (name: string, text: string): TokenType => createToken({ name, label: text, pattern: text })

export const Open = sign('Open', '(')
export const Close = sign('Close', ')')
export const Comma = sign('Comma', ',')
export const Dot = sign('Dot', '.')
export const OpenBracket = sign('OpenBracket', '[')
export const CloseBracket = sign('CloseBracket', ']')

/** A JSON string literal. */
export const Text = createToken({
  name: 'Text',
  label: 'a string',
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings hold none unescaped (RFC 8259, section 7).
  pattern: /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/,
  categories: Value,
})
/** Whatever begins as a time does; whether it is one is checked when it is read. */
export const Moment = createToken({
  name: 'Moment',
  label: 'a time',
  pattern: /\d{4}-\d{2}-\d{2}(?:[Tt][0-9:.]*(?:[Zz]|[+-]\d{2}:\d{2})?)?/,
  categories: Value,
})
export const Duration = createToken({
  name: 'Duration',
  label: 'a duration',
  pattern: /(?:0|[1-9]\d*)(?:ms|[smhd])(?![A-Za-z0-9_.])/,
  categories: Value,
})
export const NumberLiteral = createToken({
  name: 'Number',
  label: 'a number',
  pattern: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])/,
  categories: Value,
})

const Blank = createToken({ name: 'Blank', pattern: /[ \t\r\n]+/, group: Lexer.SKIPPED })

/** In the order in which they are tried. */
export const TOKENS: TokenType[] = [
  Blank,
  Moment,
  Duration,
  NumberLiteral,
  Text,
  comparator('LessOrEqual', '<='),
  comparator('GreaterOrEqual', '>='),
  comparator('Unequal', '!='),
  comparator('Less', '<'),
  comparator('Greater', '>'),
  comparator('Equal', '='),
  Open,
  Close,
  Comma,
  Dot,
  OpenBracket,
  CloseBracket,
  And,
  Or,
  Not,
  In,
  StartsWith,
  Contains,
  Exists,
  True,
  False,
  Null,
  Name,
  Keyword,
  Comparator,
  Value,
]

/** The words that are no names. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  [And, Or, Not, In, StartsWith, Contains, Exists, True, False, Null].map(({ name }) => name),
)

export const lexer = new Lexer(TOKENS, { positionTracking: 'onlyOffset', ensureOptimizations: true })
