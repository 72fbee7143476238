/** The permission that each route declares in its schema. */
import type { FastifyPluginAsync, FastifyPluginCallback, RouteOptions } from 'fastify'
import type { Permission } from '../../access/roles.ts'
import type { App } from '../server-parts.ts'

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface can be extended
  interface FastifySchema {
    'x-permission'?: Permission
  }
}

/**
 * To be called before any route is added. The check that it returns is for when all are: it throws where a route declares no
 * permission, so that no server starts with a route that somebody forgot to protect.
 */
export const permissionCheck = (app: App): (() => void) => {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  return () => {
    const undeclared = routes.filter(({ schema }) => schema?.['x-permission'] === undefined)
    if (undeclared.length === 0) return
    const named = undeclared.map(({ method, url }) => `${method} ${url}`).join(', ')
    throw new Error(`routes without a permission: ${named}. Declare one in documented({ permission })`)
  }
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
