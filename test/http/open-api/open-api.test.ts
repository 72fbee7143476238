import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { PROBLEMS } from '../../../src/api/problem-kinds.ts'
import { serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll()

type Operation = Readonly<{
  operationId: string
  parameters?: readonly Readonly<{ name: string; in: string; schema: object }>[]
  requestBody?: Readonly<{ content: Readonly<Record<string, unknown>> }>
  responses: Readonly<Record<string, Readonly<{ description: string }>>>
}>
type Document = Readonly<{ openapi: string; paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }>

const documentOf = async (): Promise<Document> => (await server.current().get('/openapi.json')).json()

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
  )

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  const document = await documentOf()
  expect(await validator.validate({ ...document })).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

test('a linter finds nothing to say about it, its examples among the rest', async () => {
  const faultsOf = async (document: unknown) => {
    const config = await createConfig({ extends: ['recommended-strict'] })
    const faults = await lintFromString({ source: JSON.stringify(document), absoluteRef: '/openapi.json', config })
    return faults.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer }))
  }
  const document = await documentOf()
  expect(await faultsOf(document)).toEqual([])
  // It would have something to say.
  const broken = JSON.parse(JSON.stringify(document).replace('"status":"PENDING"', '"status":1'))
  expect((await faultsOf(broken)).map(({ ruleId }) => ruleId)).toEqual(['no-invalid-media-type-examples'])
})

test('it holds every route of the server but those of Lineart, and no other', async () => {
  // Fastify prints neither the path before a wildcard nor how many there are.
  const documented = operationsOf(await documentOf()).flatMap(({ route }) => (route.includes('{path}') ? [] : [route]))
  // As fastify prints its routes, one a line, without what belongs to the page at /docs.
  const tree = server.current().app.printRoutes({ commonPrefix: false })
  const routes = pathsIn(tree).filter((route) => !/ \/(ui|docs|compat|auth\/(sign-in|callback)|\*)/.test(route))
  expect(documented.sort()).toEqual(routes.sort())
})

test('what the page fills in by itself goes together: no parameter has an example but those of its operation', async () => {
  const parameters = operationsOf(await documentOf()).flatMap(({ operation }) => operation.parameters ?? [])
  expect(parameters.filter(({ schema }) => 'example' in schema || 'examples' in schema)).toEqual([])
})

test('every pattern means the same with and without `u`: the reference page reads them without', async () => {
  const patterns = [...JSON.stringify(await documentOf()).matchAll(/"pattern":("(?:[^"\\\\]|\\\\.)*")/g)].map(
    ([, text = '']) => String(JSON.parse(text)),
  )
  expect(patterns.length).toBeGreaterThan(10)
  for (const pattern of patterns) {
    expect(pattern).not.toMatch(/\\[pP]\{/)
    for (const text of ['alice', 'run-1', 'SUCCESS', '0'.repeat(20), 'a\u0007b', ''])
      expect(new RegExp(pattern).test(text)).toBe(new RegExp(pattern, 'u').test(text))
  }
})

test('every operation has a name of its own, an answer and its problems', async () => {
  const operations = operationsOf(await documentOf())
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length)
  for (const { operation } of operations) {
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '500', '503']))
    expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true)
  }
})

test('every problem that it names is in the table, under its status', async () => {
  let named = 0
  for (const { operation } of operationsOf(await documentOf()))
    for (const [status, { description }] of Object.entries(operation.responses).filter(([code]) => code >= '400'))
      for (const [, slug = ''] of description.matchAll(/`([a-z-]+)`:/g)) {
        named += 1
        expect(PROBLEMS).toHaveProperty(slug)
        expect(String(PROBLEMS[slug as keyof typeof PROBLEMS].status)).toBe(status)
      }
  expect(named).toBeGreaterThan(50)
})

test('it tells the headers and bodies that commands take', async () => {
  const { paths } = await documentOf()
  const names = (path: string) => paths[path]?.['post']?.parameters?.map(({ name }) => name)
  expect(names('/runs')).toEqual(['Idempotency-Key', 'Run-Ledger-Actor', 'traceparent', 'X-Correlation-Id'])
  expect(names('/runs/{run_id}/start')).toContain('If-Match')
  expect(Object.keys(paths['/commands']?.['post']?.requestBody?.content ?? {})).toEqual(['application/x-ndjson'])
})

test('the page that shows it loads nothing from elsewhere', async () => {
  const page = await server.current().get('/docs/')
  expect(page.statusCode).toBe(200)
  expect(page.headers['content-security-policy']).toContain("default-src 'self'")
  const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? '')
  expect(sources.length).toBeGreaterThan(3)
  for (const source of sources) {
    expect(source).toMatch(/^\.\//)
    expect((await server.current().get(`/docs/${source.slice(2)}`)).statusCode).toBe(200)
  }
})

/** `METHOD /path` of each line of fastify's tree of routes. */
const pathsIn = (tree: string): string[] => {
  const above: string[] = []
  return tree.split('\n').flatMap((line) => {
    const match = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line)
    if (match === null) return []
    const [, indent = '', part = '', methods] = match
    const depth = indent.length / 4
    above.length = depth
    above[depth] = part
    const path = above.join('').replaceAll(/:(\w+)/g, '{$1}')

    return (methods?.split(', ') ?? []).filter((method) => method !== 'HEAD').map((method) => `${method} ${path}`)
  })
}
