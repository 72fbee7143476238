/** Every example of the OpenAPI document is asked of a real server, whose answer must be the example's. */
import type { LightMyRequestResponse } from 'fastify'
import { beforeAll, expect, test } from 'vitest'
import { EXAMPLES } from '../../../src/http/open-api/examples.ts'
import { serverForAll, type TestServer } from '../../support/network/http-server.ts'
import { startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

type Parameter = Readonly<{ name: string; in: string; example?: unknown }>
type Media = Readonly<{ example?: unknown }>
type Operation = Readonly<{
  operationId: string
  parameters?: readonly Parameter[]
  requestBody?: Readonly<{ content: Readonly<Record<string, Media>> }>
  responses: Readonly<Record<string, Readonly<{ content?: Readonly<Record<string, Media>> }>>>
}>
type Route = Readonly<{ method: 'GET' | 'POST'; path: string; operation: Operation }>

const routesOf = async (server: TestServer): Promise<readonly Route[]> => {
  const { paths } = (await server.get('/openapi.json')).json()
  return Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase() as Route['method'],
      path,
      operation,
    })),
  )
}

/** A parameter of a query: objects as `name[key]=value`, lists repeated. */
const queryOf = (name: string, value: unknown): readonly (readonly [string, string])[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([key, each]) => [`${name}[${key}]`, String(each)] as const)
    : [value].flat().map((each) => [name, String(each)] as const)

/** The request of the example of `route`. */
const requestOf = ({ method, path, operation }: Route, accept: string) => {
  const query = new URLSearchParams()
  const headers: Record<string, string> = { accept }
  let url = path
  for (const { name, in: place, example: value } of operation.parameters ?? []) {
    if (value === undefined) continue
    if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(String(value)))
    else if (place === 'header') headers[name] = String(value)
    else for (const [key, each] of queryOf(name, value)) query.append(key, each)
  }
  const [[type, media] = ['', {}]] = Object.entries(operation.requestBody?.content ?? {})
  return {
    method,
    path: query.size === 0 ? url : `${url}?${query}`,
    headers: type === '' ? headers : { ...headers, 'content-type': type },
    ...(type === '' ? undefined : { body: JSON.stringify(media.example) }),
  }
}

const ask = (server: TestServer, route: Route, accept: string) => {
  const { path, ...request } = requestOf(route, accept)
  return server.app.inject({ url: path, ...request })
}

/** Without what is new at each run: the times of the store and the projector, and the ids of events. */
const masked = (text: string): string =>
  text
    .replaceAll(/("(?:recorded_at|last_heartbeat|recordedtime)":)"[^"]{24}"/g, '$1"2026-05-04T09:30:00.000Z"')
    .replaceAll(/("(?:event_id|id)":)"[\da-f-]{36}"/g, '$1"E"')
    .replaceAll(/^(\d{20}),[\da-f-]{36},/gm, '$1,E,')

const told = (type: string, body: string): unknown => {
  const text = masked(body)
  if (type === 'application/x-ndjson') return JSON.parse(text.split('\n', 1)[0] ?? '')
  return type.endsWith('json') ? JSON.parse(text) : text.replaceAll(/(,)20[^,]{22}(,resource-112,)/g, '$1R$2')
}

type Asked = Readonly<{ route: Route; type: string; example: unknown; status: string; answer: LightMyRequestResponse }>

const server = serverForAll()
let routes: readonly Route[] = []
const asked: Asked[] = []

beforeAll(async () => {
  routes = await routesOf(server.current())
  for (const operationId of Object.keys(EXAMPLES))
    for (const route of routes.filter(({ operation }) => operation.operationId === operationId)) {
      const [[status, response] = ['', {}]] = Object.entries(route.operation.responses)
      for (const [type, { example }] of Object.entries(response.content ?? {}))
        asked.push({ route, type, example, status, answer: await ask(server.current(), route, type) })
      const head = await server.current().store.headPosition()()
      if (head._tag === 'Right') await server.current().readModel.waitFor(head.right, 5_000)
    }
})

/** What does not end, what is another one at each signing, and what is secret. */
const WITHOUT = [
  'getOpenApi',
  'streamEntries',
  'getCheckpoint',
  'getConsistency',
  'getTile',
  'getEntryTile',
  'getProof',
  'getEvidence',
  'getSession',
  'signIn',
  'signOut',
  'issueKey',
  'listKeys',
  'revokeKey',
]

test('each operation has an example, but for the document itself, the stream, what is signed and what is secret', () => {
  const documented = routes.map(({ operation }) => operation.operationId)
  expect(documented.filter((id) => !WITHOUT.includes(id)).sort()).toEqual(Object.keys(EXAMPLES).sort())
})

test('each example is answered as the document says, in every media type', () => {
  for (const { route, type, example, status, answer } of asked) {
    const what = `${route.operation.operationId} ${type}: ${answer.body}`
    expect(String(answer.statusCode), what).toBe(status)
    expect(String(answer.headers['content-type']).split(';')[0], what).toBe(type)
    if (type === 'text/html') continue
    expect(example, what).toBeDefined()
    expect(told(type, answer.body), what).toEqual(
      told(type, type === 'text/csv' ? String(example) : JSON.stringify(example)),
    )
  }
})

test('each example runs against the demo, too', async () => {
  const url = await startProgram('demo', '--port', '0', '--data', testDirectory()).address
  for (const operationId of Object.keys(EXAMPLES))
    for (const route of routes.filter(({ operation }) => operation.operationId === operationId)) {
      const { path, ...request } = requestOf(route, '*/*')
      const answer = await fetch(url + path, request)
      expect(answer.ok, `${operationId}: ${await answer.text()}`).toBe(true)
    }
})
