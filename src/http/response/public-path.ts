/** The path that the server's address has for its callers, where a proxy puts it under one: `/x`, or nothing. */
import type { FastifyReply } from 'fastify'
import type { Problem } from '../../api/problems.ts'
import type { App } from '../server-parts.ts'

const PUBLIC_PATH = Symbol('public path')

/** To be called before any route is added. `url` is the public address, null where it is the server's own. */
export const setPublicPath = (app: App, url: URL | null): void => {
  app.decorate(PUBLIC_PATH, url === null ? '' : url.pathname.replace(/\/+$/, ''))
}

/** `path`, which begins with a slash, as callers see it. */
export const publicPath = (reply: FastifyReply, path: string): string => of(reply) + path

/** `problem` with its type under the public path, so that the type leads to the page that explains it. */
export const seenFrom = (reply: FastifyReply, problem: Problem): Problem => {
  const path = of(reply)
  return path === '' ? problem : { ...problem, type: path + problem.type }
}

const of = ({ server }: FastifyReply): string => (server as unknown as Record<symbol, string>)[PUBLIC_PATH] ?? ''
