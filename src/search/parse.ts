/** Reads a search as people write it. `docs/search.md` is the language's reference. */
import type { IToken } from 'chevrotain'
import * as E from 'fp-ts/lib/Either.js'
import { readTokens } from './parser.ts'
import type { Search } from './syntax.ts'
import type { Misreading } from './terms.ts'
import * as T from './tokens.ts'

/** `column`: where, 1 for the first character, in code points; after the last where something is missing at the end. */
export type SearchFault = Readonly<{ column: number; detail: string }>

/** In code points. */
const MOST_CHARACTERS = 2_000
const MOST_DEPTH = 20

/** The syntax tree of `text`, or the first thing that is wrong with it. */
export const parseSearch = (text: string): E.Either<SearchFault, Search> => {
  const at = ({ offset, detail }: Misreading): SearchFault => ({ column: columnAt(text, offset), detail })
  if ([...text].length > MOST_CHARACTERS)
    return E.left({ column: MOST_CHARACTERS + 1, detail: `a search has at most ${MOST_CHARACTERS} characters` })
  const { tokens, errors } = T.lexer.tokenize(text)
  const unread = errors.map(({ offset }) => ({ offset, detail: unreadable(text.slice(offset)) }))
  const deep = tooDeep(tokens)
  if (deep !== null) return E.left(at(first([deep, ...unread])))
  const { search, faults } = readTokens(tokens)
  return unread.length + faults.length === 0 ? E.right(search) : E.left(at(first([...unread, ...faults])))
}

const first = (faults: readonly Misreading[]): Misreading =>
  faults.reduce((one, other) => (placeOf(other) < placeOf(one) ? other : one))

const placeOf = ({ offset }: Misreading): number => offset ?? Number.POSITIVE_INFINITY

const columnAt = (text: string, offset: number | null): number => [...text.slice(0, offset ?? text.length)].length + 1

const unreadable = (rest: string): string => {
  if (rest.startsWith('"')) return 'a string that does not end, or has what JSON does not allow in one'
  if (rest.startsWith("'")) return 'strings are written in double quotes'
  if (/^[\d-]/.test(rest)) return 'neither a number, nor a time, nor a duration such as 90m'
  return `unexpected ${String.fromCodePoint(rest.codePointAt(0) ?? 0)}`
}

/** Before the parser goes as deep: where `not` and parentheses stand inside more than `MOST_DEPTH` of them. */
const tooDeep = (tokens: readonly IToken[]): Misreading | null => {
  const open: IToken[] = []
  const endNegations = (): void => {
    while (open.at(-1)?.tokenType === T.Not) open.pop()
  }
  let before: IToken | null = null
  for (const token of tokens) {
    const { tokenType, startOffset } = token
    // After a dot it is a member's name.
    if (tokenType === T.Open || (tokenType === T.Not && before?.tokenType !== T.Dot)) open.push(token)
    else if (tokenType === T.And || tokenType === T.Or) endNegations()
    else if (tokenType === T.Close) {
      endNegations()
      open.pop()
    }
    if (open.length > MOST_DEPTH) return { offset: startOffset, detail: `nested more than ${MOST_DEPTH} deep` }
    before = token
  }
  return null
}
