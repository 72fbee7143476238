/** What a route says of itself in the OpenAPI document. */
import type { z } from 'zod'
import type { Permission } from '../../access/roles.ts'
import { PROBLEMS, type Slug } from '../../api/problem-kinds.ts'
import { Problem } from '../../api/problems.ts'
import { JSON_TYPE, PROBLEM_TYPE } from '../response/content-negotiation.ts'

export type Documented = Readonly<{
  operationId: string
  permission: Permission
  summary: string
  description?: string
  tag: 'commands' | 'reads' | 'audit' | 'log' | 'access' | 'service'
  answers: Readonly<Record<number, Answer>>
  /** Beside those that any route may answer. */
  problems: readonly Slug[]
}>

/** `headers` of the answer, by name, with what each says; `type` is JSON where not given, `others` may be asked for. */
type Answer = Readonly<{
  description: string
  schema?: z.ZodType
  type?: string
  others?: Readonly<Record<string, z.ZodType>>
  headers?: Readonly<Record<string, string>>
}>

/** Any route may answer with these. */
export const COMMON_PROBLEMS = [
  'malformed-request',
  'not-acceptable',
  'request-timeout',
  'misdirected-request',
  'internal',
  'store-unavailable',
] as const satisfies readonly Slug[]

/** Any route that needs credentials may answer with these. */
const OF_CREDENTIALS = ['unauthenticated', 'forbidden'] as const satisfies readonly Slug[]

/** The names of the OpenAPI document's security schemes, any of which will do. */
const CREDENTIALS = [{ bearer: [] }, { session: [] }]

/** The parts of a route's schema that only describe. */
export const documented = ({ operationId, permission, summary, description, tag, answers, problems }: Documented) => ({
  operationId,
  'x-permission': permission,
  summary,
  ...(description === undefined ? undefined : { description }),
  tags: [tag],
  security: permission === 'open' ? [] : CREDENTIALS,
  response: {
    ...answersOf(answers),
    ...problemsOf([...new Set([...problems, ...COMMON_PROBLEMS, ...(permission === 'open' ? [] : OF_CREDENTIALS)])]),
  } as Record<string, unknown>,
})

const answersOf = (answers: Documented['answers']) =>
  Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, type = JSON_TYPE, others = {}, headers }]) => {
      const schemas = schema === undefined ? {} : { [type]: schema, ...others }
      const content = Object.entries(schemas).map(([name, of]) => [name, { schema: of }] as const)
      return [status, { description, headers, content: Object.fromEntries(content) }]
    }),
  )

const problemsOf = (slugs: readonly Slug[]) => {
  const byStatus = Map.groupBy(slugs, (slug) => PROBLEMS[slug].status)
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      status,
      {
        description: ofStatus.map((slug) => `\`${slug}\`: ${PROBLEMS[slug].title}`).join('; '),
        content: { [PROBLEM_TYPE]: { schema: Problem } },
      },
    ]),
  )
}
