/** The routes of the server without a server: what a reading subcommand prints with `--data` is what it prints with `--url`. */
import { Readable } from 'node:stream'
import { pino } from 'pino'
import { type Client, createClient } from '../../client/client.ts'
import type { Fetch } from '../../client/send.ts'
import type { EventStore } from '../../event-store/event-store.ts'
import { buildServer } from '../../http/server.ts'
import type { App } from '../../http/server-parts.ts'
import { createLedger } from '../../ledger/ledger.ts'
import type { ReadModel } from '../../read-model/read-model.ts'

export type LocalClient = Readonly<{ client: Client; close: () => Promise<void> }>

/** A client of the routes over stores that are open for reading; the caller closes those. */
export const localClient = async (store: EventStore, readModel: ReadModel): Promise<LocalClient> => {
  const app = await buildServer({
    store,
    readModel,
    ledger: createLedger(store),
    projector: { alive: () => true },
    logger: pino({ enabled: false }),
  })
  return { client: createClient({ url: ADDRESS, fetch: fetchFrom(app) }), close: () => app.close() }
}

// Nothing listens there; the routes only see a name that is local.
const ADDRESS = 'http://localhost/'

const fetchFrom =
  (app: App): Fetch =>
  async ({ pathname, search }, { headers, signal }) => {
    const answer = await app.inject({
      method: 'GET',
      url: pathname + search,
      headers: Object.fromEntries(new Headers(headers)),
      payloadAsStream: true,
      ...(signal ? { signal } : undefined),
    })
    return new Response(answer.statusCode === 304 ? null : (Readable.toWeb(answer.stream()) as ReadableStream), {
      status: answer.statusCode,
      headers: Object.entries(answer.headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      ),
    })
  }
