/** Requests made from the OpenAPI document, right ones and wrong ones: none may find a fault of the server, or an answer that the document lacks. */
import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { PROBLEMS } from '../../src/api/problem-kinds.ts'
import { serverForTest } from '../support/network/http-server.ts'

const REQUESTS = Number(process.env['FUZZ'] ?? 1_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000)
/** However slow the machine is, it ends by then. */
const WITHIN_MS = 600_000

type Schema = Readonly<{
  $ref?: string
  type?: string | readonly string[]
  enum?: readonly unknown[]
  anyOf?: readonly Schema[]
  properties?: Readonly<Record<string, Schema>>
  required?: readonly string[]
  items?: Schema
  pattern?: string
  minimum?: number
  maximum?: number
}>
type Parameter = Readonly<{ name: string; in: string; required?: boolean; schema: Schema }>
type Operation = Readonly<{
  operationId: string
  parameters?: readonly Parameter[]
  requestBody?: Readonly<{ content: Readonly<Record<string, Readonly<{ schema: Schema }>>> }>
  responses: Readonly<Record<string, unknown>>
}>
type Document = Readonly<{
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  components: Readonly<{ schemas: Readonly<Record<string, Schema>> }>
}>
type Route = Readonly<{ path: string; method: string; operation: Operation }>

/** Numbers from 0 to below `below`, the same for the same seed (mulberry32). */
const randomOf = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const IDS = ['run-1', 'run-2', 'run-3', 'a', 'policy-1', 'x'.repeat(128)]
const TEXTS = [
  ...IDS,
  'SUCCESS',
  'FAILURE',
  'IN_REVIEW',
  '"0"',
  '"1"',
  '*',
  '0',
  '1',
  '50',
  '1000',
  'true',
  'start',
  'head',
  'day',
  'json',
  'csv',
  'ndjson',
  'cloudevents',
  'position',
  '-position',
  '2026-01-01T00:00:00Z',
  '2026-01-01T00:00:00.123456789+02:00',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '00000000000000000000',
  '00000000000000000003',
]
const JUNK = [
  '',
  ' ',
  '-1',
  '1e9',
  '%',
  '%00',
  '../..',
  "' OR 1=1 --",
  'x'.repeat(300),
  'é\u202e\u{1f600}',
  '{}',
  '[]',
  'null',
  '2026-13-01T00:00:00Z',
  '99999999999999999999',
  '__proto__',
]

const generator = (seed: number, schemas: Document['components']['schemas']) => {
  const random = randomOf(seed)
  const oneOf = <Value>(values: readonly Value[]): Value => values[random(values.length)] as Value
  const isWild = (): boolean => random(12) === 0

  const resolved = (schema: Schema): Schema =>
    schema.$ref === undefined ? schema : (schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})

  const textOf = ({ pattern }: Schema): string => {
    if (isWild()) return oneOf(JUNK)
    const fitting = pattern === undefined ? TEXTS : TEXTS.filter((text) => new RegExp(pattern, 'u').test(text))
    return oneOf(fitting.length === 0 ? TEXTS : fitting)
  }

  const jsonOf = (depth: number): unknown => {
    if (depth === 0) return oneOf([null, true, 0, -1.5, 2 ** 53, '', 'x', ...JUNK])
    const kind = random(3)
    if (kind === 0) return Array.from({ length: random(4) }, () => jsonOf(depth - 1))
    if (kind === 1)
      return Object.fromEntries(Array.from({ length: random(4) }, () => [oneOf([...IDS, ...JUNK]), jsonOf(depth - 1)]))
    return jsonOf(0)
  }

  const objectOf = ({ properties = {}, required = [] }: Schema): unknown => {
    const named = Object.entries(properties).filter(([name]) => (required.includes(name) ? !isWild() : random(3) === 0))
    const fields = named.map(([name, of]) => [name, valueFor(of)] as const)
    return Object.fromEntries(isWild() ? [...fields, [oneOf(JUNK), jsonOf(1)]] : fields)
  }

  const valueFor = (given: Schema): unknown => {
    const schema = resolved(given)
    if (isWild()) return jsonOf(3)
    if (schema.enum !== undefined) return oneOf(schema.enum)
    if (schema.anyOf !== undefined) return valueFor(oneOf(schema.anyOf))
    switch ([schema.type].flat()[0]) {
      case 'object':
        return schema.properties === undefined ? jsonOf(3) : objectOf(schema)
      case 'array':
        return Array.from({ length: 1 + random(2) }, () => valueFor(schema.items ?? {}))
      case 'integer':
        return (schema.minimum ?? 0) + random(50)
      case 'boolean':
        return random(2) === 0
      case 'null':
        return null
      default:
        return textOf(schema)
    }
  }

  return { random, oneOf, isWild, valueFor }
}

type Generator = ReturnType<typeof generator>

type Draft = { url: string; readonly query: URLSearchParams; readonly headers: Record<string, string> }

/** Puts a value for a parameter into `draft`. */
const add = ({ oneOf, isWild, valueFor }: Generator, draft: Draft, { name, in: place, schema }: Parameter): void => {
  const value = valueFor(schema)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const encode = isWild() ? (raw: string) => encodeURI(raw).replaceAll('?', '') : encodeURIComponent
  if (place === 'path') draft.url = draft.url.replace(`{${name}}`, encode(text))
  else if (place === 'header') draft.headers[name.toLowerCase()] = text.replaceAll(/[^\x20-\x7e]/g, '')
  else if (name === 'metadata') draft.query.append(`metadata[${oneOf(IDS)}]`, text)
  else for (const each of [value].flat()) draft.query.append(name, String(each))
}

const requestOf = (made: Generator, { path, method, operation }: Route) => {
  const { random, oneOf, isWild } = made
  const draft: Draft = { url: path, query: new URLSearchParams(), headers: {} }
  for (const parameter of operation.parameters ?? [])
    if (parameter.required === true || random(5) === 0) add(made, draft, parameter)
  if (isWild()) draft.query.append(oneOf(JUNK), oneOf(JUNK))
  if (isWild()) draft.headers['accept'] = oneOf(['*/*', 'text/csv', 'application/json;q=0', 'nonsense', 'text/html'])
  const { url, query, headers } = draft
  return {
    // A stream does not end, but where only its head is asked for.
    method: operation.operationId === 'streamEntries' ? 'HEAD' : method.toUpperCase(),
    url: query.size === 0 ? url : `${url}?${query}`,
    ...withBody(made, operation, headers),
  }
}

const withBody = ({ random, isWild, valueFor }: Generator, { requestBody }: Operation, headers: Draft['headers']) => {
  const [[type, media] = []] = Object.entries(requestBody?.content ?? {})
  if (type === undefined || media === undefined) return { headers }
  const body = JSON.stringify(valueFor(media.schema))
  return {
    headers: { ...headers, 'content-type': isWild() ? 'text/plain' : type },
    payload: isWild() ? body.slice(0, random(body.length + 1)) : body,
  }
}

test(`${REQUESTS} requests made from the OpenAPI document find no fault, with seed ${SEED}`, {
  timeout: 2 * WITHIN_MS,
}, async () => {
  const server = await serverForTest({ limits: { waitForPosition: 20 } })
  const document = (await server.get('/openapi.json')).json() as Document
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Route => ({ path, method, operation })),
  )
  const made = generator(SEED, document.components.schemas)
  const statuses = new Map<number, number>()
  const deadline = Date.now() + WITHIN_MS
  for (let n = 0; n < REQUESTS && Date.now() < deadline; n += 1) {
    const route = made.oneOf(routes)
    const request = requestOf(made, route)
    const answer = await server.app.inject(request as InjectOptions)
    const what = `${JSON.stringify(request)}\n${answer.statusCode} ${answer.body.slice(0, 2_000)}`
    statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
    // A path that was changed may be that of another route.
    const isOwn = answer.statusCode !== 404 && answer.statusCode !== 405
    if (isOwn) expect(Object.keys(route.operation.responses), what).toContain(String(answer.statusCode))
    expect(answer.statusCode, what).not.toBe(500)
    if (answer.statusCode < 400 || request.method === 'HEAD') continue
    expect(answer.headers['content-type'], what).toBe('application/problem+json')
    expect(Object.keys(PROBLEMS), what).toContain(answer.json().type.replace('/problems/', ''))
  }
  expect((await server.get('/healthz')).statusCode).toBe(200)
  // It finds its way in, and not only the first check.
  for (const status of [200, 201, 400, 404, 422]) expect([...statuses.keys()]).toContain(status)
})
