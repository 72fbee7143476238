/** `/`, which redirects browsers to the pages and returns links to programs, and the pages themselves under `/ui/`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { IndexAnswer } from '../../api/answers.ts'
import { problem } from '../../api/problems.ts'
import { documented } from '../open-api/documented.ts'
import { pagesDirectory, verifyPage } from '../pages-directory.ts'
import { registerAs } from '../request/route-permissions.ts'
import { JSON_TYPE, preferredOf, produces, typed } from '../response/content-negotiation.ts'
import { refuse } from '../response/problem-response.ts'
import { publicPath } from '../response/public-path.ts'
import { NO_CACHE } from '../response/response-headers.ts'
import type { App } from '../server-parts.ts'
import { version } from '../version.ts'

export const pageRoutes = async (app: App): Promise<void> => {
  const directory = pagesDirectory()
  app.get('/', { schema: INDEX }, (request, reply) => {
    const kind = preferredOf(request.headers.accept, { json: JSON_TYPE, html: 'text/html' })
    if (kind === null) return refuse(reply, problem('not-acceptable', `this route returns ${JSON_TYPE} and text/html`))
    reply.header('cache-control', NO_CACHE).header('vary', 'accept')
    if (kind === 'html' && directory !== null) {
      // Relative where no public address is configured.
      return reply
        .code(303)
        .header('location', publicPath(reply, '') === '' ? 'ui/' : publicPath(reply, '/ui/'))
        .send()
    }
    typed(reply, JSON_TYPE)
    return JSON.stringify({ name: 'run-ledger', version, links: linksOf(reply) })
  })
  if (directory === null) {
    for (const url of ['/ui', '/ui/*']) app.get(url, { schema: HIDDEN }, (_request, reply) => refuse(reply, NOT_BUILT))
    return
  }
  await registerAs(app, 'open', fastifyStatic, {
    root: join(directory, 'assets'),
    prefix: '/ui/assets/',
    index: false,
    decorateReply: false,
    dotfiles: 'ignore',
    // Their names change with their contents.
    immutable: true,
    maxAge: '365d',
    preCompressed: true,
    setHeaders: (reply) => void secured(reply as unknown as FastifyReply),
  })
  app.get('/ui', { schema: HIDDEN }, (_request, reply) =>
    reply
      .code(308)
      .header('location', publicPath(reply, '') === '' ? 'ui/' : publicPath(reply, '/ui/'))
      .send(),
  )
  const checker = verifyPage()?.toString()
  if (checker !== undefined)
    app.get('/ui/verify.html', { schema: HIDDEN, onRequest: produces('text/html') }, (_request, reply) => {
      const policy = /Content-Security-Policy" content="([^"]+)"/.exec(checker)?.[1] ?? "default-src 'none'"
      secured(reply)
        .header('content-security-policy', `${policy}; frame-ancestors 'none'`)
        .header('content-type', 'text/html; charset=utf-8')
        .header('cache-control', NO_CACHE)
      return checker
    })
  app.get('/ui/*', { schema: HIDDEN, onRequest: produces('text/html') }, async (request, reply) => {
    secured(reply).header('content-type', 'text/html; charset=utf-8').header('cache-control', NO_CACHE)
    return (await readFile(join(directory, 'index.html'), 'utf8')).replace(BASE, `<base href="${baseOf(request)}">`)
  })
}

/** The place in the index for the address of the pages, relative to the page that is requested. */
const BASE = '<base href="./">'

/** The relative address of `/ui/`, so that the pages work under whatever path a proxy gives them. */
const baseOf = ({ url }: FastifyRequest): string => {
  const [path = ''] = url.slice('/ui/'.length).split('?', 1)
  return '../'.repeat(path.split('/').length - 1) || './'
}

const secured = (reply: FastifyReply): FastifyReply =>
  reply
    .header('content-security-policy', CONTENT_POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')

const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const linksOf = (reply: FastifyReply) =>
  Object.fromEntries(Object.entries(LINKS).map(([name, path]) => [name, publicPath(reply, path)]))

const LINKS = {
  pages: '/ui/',
  runs: '/runs',
  audit: '/audit',
  stream: '/stream',
  projections: '/projections',
  health: '/healthz',
  readiness: '/readyz',
  openapi: '/openapi.json',
  docs: '/docs',
} as const

const NOT_BUILT = problem('not-found', 'the pages have not been built: run npm run build:pages')

const HIDDEN = { hide: true, 'x-permission': 'open' } as const

const INDEX = documented({
  operationId: 'getIndex',
  permission: 'open',
  summary: 'What this server is, and where its routes are',
  description: 'A browser, which accepts `text/html`, is redirected to the pages under `ui/`.',
  tag: 'service',
  answers: {
    200: { description: 'Name, version and links', schema: IndexAnswer },
    303: { description: 'A redirect to the pages', headers: { Location: 'the address of the pages' } },
  },
  problems: [],
})
