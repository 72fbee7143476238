/** The grammar of the search language. */
import {
  EmbeddedActionsParser,
  EOF,
  type IParserErrorMessageProvider,
  type IToken,
  type ParserMethod,
} from 'chevrotain'
import type { Search } from './syntax.ts'
import { createTermReader, type Misreading, type TermReader, type TermTokens } from './terms.ts'
import * as T from './tokens.ts'

/** `search` is whole only where there are no faults. */
export type Parsed = Readonly<{ search: Search; faults: readonly Misreading[] }>

type Predicate = Pick<TermTokens, 'operator' | 'values'>

// The library asks for a class. It runs each rule once without input, to analyze it: then `ACTION` does nothing.
class SearchParser extends EmbeddedActionsParser {
  private terms: TermReader = createTermReader()

  constructor() {
    super(T.TOKENS, { maxLookahead: 1, errorMessageProvider: MESSAGES })
    this.performSelfAnalysis()
  }

  read(tokens: IToken[]): Parsed {
    this.input = tokens
    this.terms = createTermReader()
    const search = this.disjunction()
    const misread = this.errors.map(({ token, message }) => ({
      offset: token.tokenType === EOF ? null : token.startOffset,
      detail: message,
    }))
    return { search, faults: [...misread, ...this.terms.faults] }
  }

  private readonly disjunction: ParserMethod<[], Search> = this.RULE('disjunction', () => {
    const operands = [this.SUBRULE(this.conjunction)]
    this.MANY(() => {
      this.CONSUME(T.Or)
      operands.push(this.SUBRULE2(this.conjunction))
    })
    return joined('or', operands)
  })

  private readonly conjunction: ParserMethod<[], Search> = this.RULE('conjunction', () => {
    const operands = [this.SUBRULE(this.operand)]
    this.MANY(() => {
      this.CONSUME(T.And)
      operands.push(this.SUBRULE2(this.operand))
    })
    return joined('and', operands)
  })

  private readonly operand: ParserMethod<[], Search> = this.RULE('operand', () =>
    this.OR({
      DEF: [
        { ALT: () => this.SUBRULE(this.negation) },
        { ALT: () => this.SUBRULE(this.group) },
        { ALT: () => this.SUBRULE(this.term) },
      ],
      ERR_MSG: 'a field, not or (',
    }),
  )

  private readonly negation: ParserMethod<[], Search> = this.RULE('negation', (): Search => {
    this.CONSUME(T.Not)
    const operand = this.SUBRULE(this.operand)
    return { kind: 'not', operand }
  })

  private readonly group: ParserMethod<[], Search> = this.RULE('group', () => {
    this.CONSUME(T.Open)
    const inside = this.SUBRULE(this.disjunction)
    this.CONSUME(T.Close)
    return inside
  })

  private readonly term: ParserMethod<[], Search> = this.RULE('term', () => {
    const name = this.CONSUME(T.Name)
    const steps: IToken[] = []
    this.MANY(() => steps.push(this.SUBRULE(this.step)))
    const predicate = this.SUBRULE(this.predicate)
    return this.ACTION(() => this.terms.read({ name, steps, ...predicate }))
  })

  private readonly predicate: ParserMethod<[], Predicate> = this.RULE(
    'predicate',
    (): Predicate =>
      this.OR({
        DEF: [
          { ALT: () => ({ operator: this.CONSUME(T.Comparator), values: [this.CONSUME(T.Value)] }) },
          { ALT: () => ({ operator: this.CONSUME(T.StartsWith), values: [this.CONSUME(T.Text)] }) },
          { ALT: () => ({ operator: this.CONSUME(T.Contains), values: [this.CONSUME2(T.Value)] }) },
          { ALT: () => ({ operator: this.CONSUME(T.In), values: this.SUBRULE(this.values) }) },
          { ALT: () => ({ operator: this.CONSUME(T.Exists), values: [] }) },
        ],
        ERR_MSG: 'an operator',
      }),
  )

  private readonly step: ParserMethod<[], IToken> = this.RULE('step', () =>
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Dot)
          return this.OR2({
            DEF: [{ ALT: () => this.CONSUME(T.Name) }, { ALT: () => this.CONSUME(T.Keyword) }],
            ERR_MSG: 'a name (other keys are written as ["a key"])',
          })
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.OpenBracket)
          const step = this.OR3({
            DEF: [{ ALT: () => this.CONSUME(T.Text) }, { ALT: () => this.CONSUME(T.NumberLiteral) }],
            ERR_MSG: 'a string or a whole number',
          })
          this.CONSUME(T.CloseBracket)
          return step
        },
      },
    ]),
  )

  private readonly values: ParserMethod<[], readonly IToken[]> = this.RULE('values', () => {
    this.CONSUME(T.Open)
    const values = [this.CONSUME(T.Value)]
    this.MANY(() => {
      this.CONSUME(T.Comma)
      values.push(this.CONSUME2(T.Value))
    })
    this.CONSUME(T.Close)
    return values
  })
}

const joined = (kind: 'and' | 'or', operands: readonly Search[]): Search =>
  operands.length === 1 ? (operands[0] as Search) : { kind, operands }

const found = ({ tokenType, image }: IToken): string => {
  if (tokenType === EOF) return 'the end'
  if (image === '=') return '=, which is written once'
  return isKeywordInCapitals(image) ? `${image}: keywords are in lower case` : image
}

const isKeywordInCapitals = (image: string): boolean =>
  image !== image.toLowerCase() && T.KEYWORDS.has(image.toLowerCase())

const MESSAGES: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) =>
    `expected ${expected.LABEL ?? expected.name}, found ${found(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `expected and, or, or the end, found ${found(firstRedundant)}`,
  buildNoViableAltMessage: ({ actual, customUserDescription }) =>
    `expected ${customUserDescription}, found ${found(actual[0] as IToken)}`,
  buildEarlyExitMessage: ({ actual }) => `unexpected ${found(actual[0] as IToken)}`,
}

const parser = new SearchParser()

/** Reads tokens as a search. */
export const readTokens = (tokens: IToken[]): Parsed => parser.read(tokens)
