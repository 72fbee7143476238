import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { IndexAnswer } from '../../../src/api/answers.ts'
import { pagesDirectory } from '../../../src/http/pages-directory.ts'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'

const server = serverForAll()
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

test('the pages are built by what npm ci runs', () => {
  expect(existsSync(`${pagesDirectory()}index.html`)).toBe(true)
})

test('a browser that opens the server is sent to the pages, a program gets an index', async () => {
  const browser = await server.current().get('/', BROWSER)
  expect(browser.statusCode).toBe(303)
  expect(browser.headers).toMatchObject({ location: 'ui/', vary: 'accept' })
  for (const headers of [{}, { accept: 'application/json' }, { accept: '*/*' }] as Record<string, string>[]) {
    const program = await server.current().get('/', headers)
    expect(program.statusCode).toBe(200)
    const { name, links } = IndexAnswer.parse(program.json())
    expect(name).toBe('run-ledger')
    for (const path of Object.values(links))
      if (path !== '/stream') expect((await server.current().get(path, BROWSER)).statusCode, path).toBeLessThan(407)
  }
  expect((await server.current().get('/', { accept: 'image/png' })).json()).toMatchObject({ status: 406 })
})

test('every page is the same document, which finds its files from wherever it is', async () => {
  for (const [path, base] of [
    ['/ui/', './'],
    ['/ui/runs?status=FAILURE&metadata[a/b]=1', './'],
    ['/ui/runs/loan%2F1', '../'],
    ['/ui/a/b/c', '../../'],
  ] as const) {
    const page = await server.current().get(path, BROWSER)
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.headers['cache-control']).toBe('private, no-cache')
    expect(page.body).toContain(`<base href="${base}">`)
  }
  const bare = await server.current().get('/ui', BROWSER)
  expect([bare.statusCode, bare.headers['location']]).toEqual([308, 'ui/'])
})

test('pages and their files allow nothing from elsewhere, and nothing inline', async () => {
  const page = await server.current().get('/ui/', BROWSER)
  const [, script = ''] = /src="([^"]+\.js)"/.exec(page.body) ?? []
  const file = await server.current().get(`/ui/${script}`)
  for (const answer of [page, file])
    expect(answer.headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
      'x-content-type-options': 'nosniff',
    })
  expect(page.body).not.toMatch(/<script>|<style|style=|onload=/)
})

test('files have names that change with their contents, are cached for ever and come compressed', async () => {
  const { body } = await server.current().get('/ui/', BROWSER)
  const files = [...body.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, path]) => `/ui/${path}`)
  expect(files).toHaveLength(2)
  for (const path of files) {
    expect(path).toMatch(/-[A-Z0-9]{8}\.(js|css)$/)
    const file = await server.current().get(path, { 'accept-encoding': 'gzip' })
    expect(file.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'gzip',
    })
  }
  expect((await server.current().get('/ui/assets/main-00000000.js')).json()).toMatchObject({ status: 404 })
})

test('behind a proxy with a path, every address that an answer names has that path', async () => {
  const proxied = await serverForTest({ publicUrl: new URL('https://host.example/x/') })
  expect((await proxied.get('/', BROWSER)).headers['location']).toBe('/x/ui/')
  expect((await proxied.get('/', { ...BROWSER, host: 'host.example' })).statusCode).toBe(303)
  expect((await proxied.get('/', { ...BROWSER, host: 'elsewhere.example' })).statusCode).toBe(421)
  expect((await proxied.get('/ui', BROWSER)).headers['location']).toBe('/x/ui/')
  expect((await proxied.get('/')).json().links.runs).toBe('/x/runs')
  const created = await proxied.post('/runs', { run_id: 'r-1', policy_version_id: 'p' })
  expect(created.headers).toMatchObject({ location: '/x/runs/r-1', 'content-location': '/x/runs/r-1' })
  expect((await proxied.get('/runs/none')).json().type).toBe('/x/problems/run-not-found')
  const lines = await proxied.post('/commands', '{"command":"start","run_id":"none"}\n', {
    'content-type': 'application/x-ndjson',
  })
  expect(JSON.parse(lines.body).problem.type).toBe('/x/problems/run-not-found')
  expect((await proxied.get('/openapi.json')).json().servers).toEqual([{ url: '/x/' }])
})
