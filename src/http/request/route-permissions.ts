/** The permission that each route declares in its schema. */
import type { FastifyPluginAsync, FastifyPluginCallback, onRequestHookHandler, RouteOptions } from 'fastify'
import type { Permission } from '../../access/roles.ts'
import type { App } from '../server-parts.ts'
import { type AccessControl, authorize, checkActor } from './authorization.ts'

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface can be extended
  interface FastifySchema {
    'x-permission'?: Permission
  }
}

/**
 * To be called before any route is added: each refuses then who lacks its permission, before anything else looks at the request. The
 * check that it returns is for when all are added: it throws where a route declares no permission, so that no server starts
 * with a route that somebody forgot to protect.
 */
export const requirePermissions = (app: App, control: () => AccessControl): (() => void) => {
  const routes: RouteOptions[] = []
  DECLARED.set(app, routes)
  app.addHook('onRoute', (route) => {
    routes.push(route)
    // The route of HEAD takes over the hooks of GET.
    if (route.method === 'HEAD' && isProtected(route)) return
    // What a plugin adds gets its permission after this.
    let hook: onRequestHookHandler | null = null
    const check: onRequestHookHandler = function (request, reply, done) {
      hook ??= authorize(control(), permissionOf(route))
      hook.call(this, request, reply, done)
    }
    CHECKS.add(check)
    route.onRequest = [check, ...[route.onRequest ?? []].flat()]
    if (route.method !== 'GET') route.preHandler = [checkActor, ...[route.preHandler ?? []].flat()]
  })
  return () => {
    const undeclared = routes.filter(({ schema }) => schema?.['x-permission'] === undefined)
    if (undeclared.length === 0) return
    const named = undeclared.map(({ method, url }) => `${method} ${url}`).join(', ')
    throw new Error(`routes without a permission: ${named}. Declare one in documented({ permission })`)
  }
}

const DECLARED = new WeakMap<App, readonly RouteOptions[]>()

/** Every route of a server with its permission, in the order of their addresses. */
export const declaredPermissions = (
  app: App,
): readonly Readonly<{ method: string; url: string; permission: Permission }>[] =>
  (DECLARED.get(app) ?? [])
    .flatMap((route) =>
      [route.method].flat().map((method) => ({ method, url: route.url, permission: permissionOf(route) })),
    )
    .toSorted((one, other) => `${one.url} ${one.method}`.localeCompare(`${other.url} ${other.method}`, 'en'))

const CHECKS = new WeakSet<object>()

const isProtected = ({ onRequest }: RouteOptions): boolean => [onRequest ?? []].flat().some((hook) => CHECKS.has(hook))

const permissionOf = ({ schema, method, url }: RouteOptions): Permission => {
  const permission = schema?.['x-permission']
  if (permission === undefined) throw new Error(`${method} ${url} has no permission`)
  return permission
}

/** Registers a plugin that adds routes of its own: they all have this permission. */
export const registerAs = async <Options extends object>(
  app: App,
  permission: Permission,
  plugin: FastifyPluginAsync<Options> | FastifyPluginCallback<Options>,
  options: Options,
): Promise<void> => {
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, 'x-permission': permission }
    })
    await scope.register(plugin as FastifyPluginAsync<object>, options)
  })
}
