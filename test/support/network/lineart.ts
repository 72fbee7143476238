/** A server over each store, spoken to as Lineart's SDK does. */
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { LineartPolicies } from '../../../src/http/lineart/policies.ts'
import { configAt, PATIENT } from '../../event-store/eventstoredb/opened.ts'
import { type StandIn, startStandIn } from '../eventstoredb/stand-in.ts'
import { type Headers, startServer, type TestServer } from './http-server.ts'

export const NOW = '2026-05-04T09:30:00.000Z'

export type LineartServer = Readonly<{
  current: () => TestServer
  send: (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object,
    headers?: Headers,
  ) => Promise<LightMyRequestResponse>
}>

/** Declares `tests` once for each store: the answers are the same. */
export const onBothStores = (lineartPolicies: LineartPolicies, tests: (server: LineartServer) => void): void => {
  describe.each(['embedded', 'eventstoredb'])('over %s', (kind) => {
    let standIn: StandIn | null = null
    let server: TestServer

    beforeAll(async () => {
      const options = { now: () => NOW, lineartPolicies }
      if (kind === 'embedded') server = await startServer(options)
      else {
        standIn = await startStandIn({})
        server = await startServer({ ...options, eventStore: configAt(standIn.address, PATIENT) })
      }
    })
    afterAll(async () => {
      await server.close()
      await standIn?.stop()
    })

    tests({
      current: () => server,
      send: (method, path, body, headers = {}) =>
        server.app.inject({
          method,
          url: `/compat/lineart${path}`,
          headers: { accept: 'application/json', 'user-agent': 'speakeasy-sdk/python', ...headers },
          ...(body === undefined ? undefined : { payload: body }),
        }),
    })
  })
}

/** The JSON of an answer that must have this status. */
export const bodyOf = <Body>(answer: LightMyRequestResponse, status = 200): Body => {
  expect(answer.statusCode, answer.body).toBe(status)
  expect(answer.headers['content-type']).toBe('application/json')
  return answer.json() as Body
}
