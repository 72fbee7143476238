/** The OpenAPI document, made from the schemas that validate requests, and the page that shows it. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ROLES } from '../../access/roles.ts'
import { CommandLine } from '../../api/command-line.ts'
import { registerAs } from '../request/route-permissions.ts'
import { JSON_TYPE, NDJSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { NO_CACHE } from '../response/response-headers.ts'
import type { App } from '../server-parts.ts'
import { version } from '../version.ts'
import { documented } from './documented.ts'
import { EXAMPLES } from './examples.ts'

/** To be called before any route is added: it observes their registration. */
export const openApi = async (app: App, publicUrl: URL | null): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      servers: [{ url: publicUrl?.pathname ?? '/' }],
      tags: TAGS,
      components: { securitySchemes: SECURITY },
    },
    transform,
    transformObject,
  })
  await registerAs(app, ROLES, swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: publicUrl?.pathname ?? '',
    staticCSP: CONTENT_POLICY,
    uiConfig: { docExpansion: 'list' },
    theme: { title: 'run-ledger', css: [{ filename: 'theme.css', content: '.swagger-ui .topbar { display: none }' }] },
  })
  let text: string | null = null
  app.get(
    '/openapi.json',
    {
      schema: documented({
        operationId: 'getOpenApi',
        permission: ROLES,
        summary: 'This document',
        tag: 'service',
        answers: { 200: { description: 'OpenAPI 3.1' } },
        problems: [],
      }),
      onRequest: produces(JSON_TYPE),
    },
    (_request, reply) => {
      text ??= JSON.stringify(app.swagger())
      typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
      return text
    },
  )
}

const INFO = {
  title: 'run-ledger',
  version,
  description:
    'An event-sourced ledger for runs. The answer to every command and every read has its `Run-Ledger-Position`. Refusals are RFC 9457 problems, each explained at its `type`.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}

const SECURITY = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A key (`rl_…`), or an access token of the configured issuer. Needed once a key was issued or an issuer is configured',
  },
  session: { type: 'apiKey', in: 'cookie', name: 'run_ledger', description: 'The session of a browser' },
} as const

const TAGS = [
  { name: 'commands', description: 'Change runs' },
  { name: 'reads', description: 'Read runs' },
  { name: 'audit', description: 'Who changed what, when and why' },
  { name: 'log', description: 'What an outsider can check: signed checkpoints and proofs' },
  { name: 'access', description: 'Keys and sessions: who may do what' },
  { name: 'service', description: 'About the server itself' },
]

// Nothing is loaded from elsewhere. The page styles its own icons inline.
const CONTENT_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"

type Transform = typeof jsonSchemaTransform
type TransformObject = typeof jsonSchemaTransformObject

const CORRELATION_ID = {
  type: 'string',
  pattern: '^[\\x20-\\x7e]{1,128}$',
  description: 'Stored with the event of a command. Every answer returns it',
}

type Answers = Record<string, { headers?: Readonly<Record<string, unknown>>; content?: object; type?: string }>
type Described = { response?: Answers; headers?: Record<string, unknown>; params?: Params }

/** Adds what the schemas cannot express: the headers of answers, answers without a body, and the header that every route accepts. */
const transform: Transform = (document) => {
  const made = jsonSchemaTransform(document) as { schema: Described | undefined; url: string }
  if (made.schema === undefined || 'hide' in made.schema) return made as ReturnType<Transform>
  const { response = {} } = document.schema as Described
  for (const [status, answer] of Object.entries(made.schema.response ?? {})) {
    const headers = Object.entries(response[status]?.headers ?? {})
    if (headers.length > 0)
      answer.headers = Object.fromEntries(headers.map(([name, description]) => [name, { type: 'string', description }]))
    if (Object.keys(answer.content ?? {}).length > 0) continue
    delete answer.content
    answer.type = 'null'
  }
  const properties = { ...(made.schema.headers?.properties as object), 'X-Correlation-Id': CORRELATION_ID }
  const schema = { ...made.schema, headers: { type: 'object', ...made.schema.headers, properties } }
  return named({ schema, url: made.url }) as ReturnType<Transform>
}

type Route = Readonly<{ schema: { params?: Params }; url: string }>
type Params = Readonly<{ properties: Record<string, unknown> }>

/** OpenAPI has no wildcards: what one takes is called `path`. */
const named = (route: Route): Route => {
  const { '*': path, ...properties } = route.schema.params?.properties ?? {}
  if (path === undefined) return route
  const params = { ...route.schema.params, properties: { ...properties, path }, required: ['path'] }
  return { schema: { ...route.schema, params }, url: route.url.replace('*', ':path') }
}

type Media = { schema?: unknown; example?: unknown }
type Parameter = { name: string; schema?: Record<string, unknown>; example?: unknown }
type Operation = {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
}
type Document = {
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, unknown> }
}

/** Adds the one body that is not checked as a whole and the examples, and leaves out what no route refers to. */
const transformObject: TransformObject = (given) => {
  const { $schema: _, ...line } = z.toJSONSchema(CommandLine, { io: 'input', unrepresentable: 'any' })
  const made = jsonSchemaTransformObject(given) as Document
  for (const operation of Object.values(made.paths ?? {}).flatMap((path) => Object.values(path))) {
    if (operation.operationId === 'executeCommands')
      operation.requestBody = { required: true, content: { [NDJSON_TYPE]: { schema: line } } }
    operation.parameters?.forEach(writeOut)
    addExamples(operation)
  }
  const schemas = usedBy(made.paths ?? {}, made.components?.schemas ?? {})
  return { ...made, components: { ...made.components, schemas } } as ReturnType<TransformObject>
}

/**
 * How a parameter is written belongs to the parameter; a zod schema can say it only of what is written. The page fills
 * fields in with the examples of their schemas: all of them at once would find nothing, and those of the operation fit.
 */
const writeOut = (parameter: Parameter): void => {
  const { style, explode, example: _, ...schema } = parameter.schema ?? {}
  Object.assign(parameter, { schema }, style === undefined ? undefined : { style, explode })
}

const addExamples = ({ operationId, parameters, requestBody, responses }: Operation): void => {
  const { parameters: values = {}, body, status = 200, answers = {} } = EXAMPLES[operationId] ?? {}
  for (const parameter of parameters ?? [])
    if (Object.hasOwn(values, parameter.name)) parameter.example = values[parameter.name]
  for (const media of Object.values(requestBody?.content ?? {})) media.example = body
  for (const [type, media] of Object.entries(responses[status]?.content ?? {}))
    if (Object.hasOwn(answers, type)) media.example = answers[type]
}

/** Those of `schemas` that `part` refers to, itself or through others. */
const usedBy = (part: object, schemas: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const text = JSON.stringify(part)
  const used = Object.fromEntries(
    Object.entries(schemas).filter(([id]) => text.includes(`"#/components/schemas/${id}"`)),
  )
  // No component refers to itself, so this ends.
  return Object.keys(used).length === 0 ? used : { ...used, ...usedBy(Object.values(used), schemas) }
}
