/** A way to a server that fails as told: what a real network, or a server in trouble, does to a request. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * `lose-request`: it does not arrive. `lose-answer`: it arrives, the answer does not. `cut-answer`: half of it does.
 * A number: answered in the server's place, with this status and `Retry-After: 0`.
 */
export type Fault = 'none' | 'lose-request' | 'lose-answer' | 'cut-answer' | number

export type FlakyProxy = Readonly<{
  url: string
  /** The requests that came, in order. */
  seen: readonly IncomingMessage[]
}>

/** The n-th request meets the n-th of `faults`, all later ones none. */
export const flakyProxy = async (target: string, faults: readonly Fault[]): Promise<FlakyProxy> => {
  const seen: IncomingMessage[] = []
  const server = createServer((incoming, outgoing) => {
    const fault = faults[seen.length] ?? 'none'
    seen.push(incoming)
    if (fault === 'lose-request') incoming.socket.destroy()
    else if (typeof fault === 'number') refuse(incoming, outgoing, fault)
    else forward(target, incoming, outgoing, fault)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const refuse = (incoming: IncomingMessage, outgoing: ServerResponse, status: number): void => {
  incoming.resume()
  outgoing.writeHead(status, { 'content-type': 'application/problem+json', 'retry-after': '0' })
  outgoing.end(JSON.stringify({ type: '/problems/store-unavailable', title: '', status, detail: 'as told' }))
}

const forward = (target: string, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault): void => {
  const { method = 'GET', headers, url = '/' } = incoming
  const onward = request(new URL(url, target), { method, headers }, (answer) => {
    const parts: Buffer[] = []
    answer.on('data', (part: Buffer) => parts.push(part))
    answer.on('end', () => {
      const body = Buffer.concat(parts)
      if (fault === 'lose-answer') {
        incoming.socket.destroy()
        return
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      if (fault === 'cut-answer') outgoing.write(body.subarray(0, body.length / 2), () => incoming.socket.destroy())
      else outgoing.end(body)
    })
  })
  onward.on('error', () => incoming.socket.destroy())
  incoming.pipe(onward)
}
