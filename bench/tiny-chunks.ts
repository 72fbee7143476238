/** Reads while many clients send bodies byte by byte: each chunk costs the server its parsing, whatever the body holds. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Benchmark, inTurn } from './measure.ts'
import type { Load } from './programs/load.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { load, MAIN, peakOf, serveArgs, withServer } from './support/processes.ts'
import { CREATE } from './support/requests.ts'

const CONNECTIONS = 24
const BODY_BYTES = 900_000
/** As many requests a second as a few users make. */
const READS_A_SECOND = 50

export const tinyChunks: Benchmark = {
  name: 'tiny-chunks',
  run: async (bench) => {
    const { ours } = await inTurn(bench, {
      ours: () =>
        inFreshDirectory(bench, (directory) =>
          withServer(MAIN, serveArgs(directory), async ({ url, pid }) => {
            const { run_id } = (await (await fetch(`${url}/runs`, CREATE_RUN)).json()) as { run_id: string }
            const senders = await Promise.all(Array.from({ length: CONNECTIONS }, () => sendForever(new URL(url))))
            const read = { method: 'GET', path: `/runs/${run_id}` }
            const { warmUpSeconds, seconds } = bench
            const times: Load = await load({
              url,
              connections: 16,
              warmUpSeconds,
              seconds,
              requests: [read],
              rate: READS_A_SECOND,
            })
            for (const sender of senders) sender.destroy()
            return { p99: times.p99, peakMiB: peakOf(pid) ?? Number.NaN }
          }),
        ),
    })
    const name = `${CONNECTIONS} connections that send chunks of one byte`
    return [
      {
        name: `GET /runs/{run_id} beside ${name}: p99`,
        unit: 'ms',
        ours: ours.map(({ p99 }) => p99),
        against: null,
        goal: { of: 'value', is: 'at most', limit: 100 },
      },
      {
        name: `peak memory of the server beside ${name}`,
        unit: 'MiB',
        ours: ours.map(({ peakMiB }) => peakMiB),
        against: null,
        goal: { of: 'value', is: 'at most', limit: 400 },
      },
    ]
  },
}

const CREATE_RUN = { method: 'POST', headers: { 'content-type': 'application/json' }, body: CREATE.body as string }

/** Sends one body after another as fast as the server takes them. Resolves once connected. */
const sendForever = async (url: URL): Promise<Socket> => {
  const socket = connect({ host: url.hostname, port: Number(url.port) })
  // A refusal or a cut is an answer like any other.
  socket.on('error', () => undefined).resume()
  await once(socket, 'connect')
  const head = `POST /runs HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`
  const request = Buffer.from(`${head}${'1\r\n \r\n'.repeat(BODY_BYTES)}0\r\n\r\n`)
  const send = (): void => {
    if (!socket.destroyed) socket.write(request, send)
  }
  send()
  return socket
}
