/** Request validation: applies zod schemas to each part of a request, and makes problems of their issues. */
import type { FastifySchemaCompiler } from 'fastify'
import { z } from 'zod'
import { fieldIssuesOf } from '../../api/field-issues.ts'
import { fieldReader } from '../../api/field-reader.ts'
import { type Fault, problem, problemOf } from '../../api/problems.ts'
import { problemError } from '../response/problem-error.ts'
import { NO_PARAMETERS, UNDECODABLE } from './query-string.ts'

type Checked = Readonly<{ value: unknown } | { error: Error }>

/** Faults of a body are 422 `invalid`; of headers and query 400 `malformed-request`; of a run id in the path 404 `run-not-found`. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  switch (httpPart) {
    case 'headers':
      return headersWith(schema)
    case 'querystring':
      return queryWith(schema)
    case 'params':
      return paramsWith(schema)
    default:
      return bodyWith(schema)
  }
}

/** Answers are not checked: their schemas are for the OpenAPI document only. */
export const serializerCompiler = () => JSON.stringify

const bodyWith = (schema: z.ZodType) => {
  const mayBeAbsent = schema.safeParse({}).success
  const isStrict = schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodNever
  const read = isStrict ? fieldReader(schema) : () => null
  return (body: unknown): Checked => {
    const value = read(body)
    if (value !== null) return { value }
    if (body === null && !mayBeAbsent) return { error: problemError(problem('malformed-json', 'the body is empty')) }
    const parsed = schema.safeParse(body ?? {})
    if (parsed.success) return { value: parsed.data }
    return { error: problemError(problemOf({ _tag: 'Invalid', errors: fieldIssuesOf(parsed.error) })) }
  }
}

/** Schemas name headers as they are written; Node and the handlers use lower case. Handlers see the named headers only. */
const headersWith = (schema: z.ZodType) => {
  if (!(schema instanceof z.ZodObject)) throw new Error('headers are described by an object')
  const names = Object.keys(schema.shape).map((name) => [name, name.toLowerCase()] as const)
  const check = (headers: Readonly<Record<string, unknown>>): Checked => {
    const sent: Record<string, unknown> = {}
    for (const [name, lowerCase] of names) sent[name] = headers[lowerCase]
    const parsed = schema.safeParse(sent)
    if (!parsed.success)
      return malformed(parsed.error.issues.map((issue) => ({ header: String(issue.path[0]), detail: issue.message })))
    const value: Record<string, unknown> = {}
    for (const [name, lowerCase] of names) value[lowerCase] = parsed.data[name]
    return { value }
  }
  // Most requests have none of these headers.
  const none = accepted(check({}))
  return (headers: unknown): Checked => {
    const sent = headers as Readonly<Record<string, unknown>>
    return names.some(([, lowerCase]) => sent[lowerCase] !== undefined) ? check(sent) : (none ?? check(sent))
  }
}

/** The result to reuse for all requests alike; null for a refusal, which is made for each request. */
const accepted = (checked: Checked): Checked | null => ('value' in checked ? checked : null)

const queryWith = (schema: z.ZodType) => {
  const check = (query: unknown): Checked => {
    const parsed = schema.safeParse(query)
    return parsed.success ? { value: parsed.data } : malformed(parsed.error.issues.flatMap(parameterFaults))
  }
  const none = accepted(check(NO_PARAMETERS))
  return (query: unknown): Checked => {
    if (query === UNDECODABLE) return malformed([{ parameter: '', detail: 'a percent-encoding is not valid UTF-8' }])
    return query === NO_PARAMETERS && none !== null ? none : check(query)
  }
}

const parameterFaults = (issue: z.core.$ZodIssue): readonly Fault[] => {
  const [name = '', ...rest] = issue.path
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((parameter) => ({ parameter, detail: 'is not a parameter of this route' }))
    case 'invalid_type': {
      const detail = issue.expected === 'record' ? 'must be sent as metadata[<key>]=<value>' : 'can be given only once'
      return [
        { parameter: name === 'metadata' && rest.length > 0 ? `metadata[${String(rest[0])}]` : String(name), detail },
      ]
    }
    case 'invalid_value':
      return [{ parameter: String(name), detail: `must be one of ${issue.values.join(', ')}` }]
    default:
      return [{ parameter: String(name), detail: issue.message }]
  }
}

const paramsWith = (schema: z.ZodType) => {
  return (params: unknown): Checked => {
    const parsed = schema.safeParse(params)
    if (parsed.success) return { value: parsed.data }
    const [issue] = parsed.error.issues
    const refused =
      issue?.path[0] === 'run_id'
        ? problem('run-not-found', `no run can have this id: ${issue.message}`)
        : problem('not-found', `nothing can have this id: ${issue?.message}`)
    return { error: problemError(refused) }
  }
}

const malformed = (errors: readonly Fault[]): Checked => ({
  error: problemError(problemOf({ _tag: 'MalformedRequest', errors })),
})
