/** The HTTP server of a witness. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createKeyedMutex } from '../../lib/mutex.ts'
import { cosign, type Witness } from './witness.ts'

// A checkpoint with all signatures and the longest path takes some 16 kB.
const LONGEST_BODY = 64 * 1024

/** Serves `POST /add-checkpoint`; it does not listen yet. `onFailure` is called with what it could not store. */
export const witnessServer = (witness: Witness, onFailure: (error: unknown) => void): Server => {
  const oneByOne = createKeyedMutex()
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    const respond = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    const path = new URL(request.url ?? '/', 'http://witness').pathname
    if (request.method !== 'POST' || path !== '/add-checkpoint')
      return void respond(404, 'text/plain', 'only POST /add-checkpoint is served\n')
    bodyOf(request)
      .then(async (body) => {
        if (body === null) return respond(413, 'text/plain', 'the request is too large\n')
        const answered = await oneByOne('', () => cosign(witness, body))
        return respond(answered.status, answered.type, answered.body)
      })
      .catch((error: unknown) => {
        onFailure(error)
        if (!response.headersSent) respond(500, 'text/plain', 'the witness cannot store what it cosigns\n')
      })
  })
  server.maxConnections = 256
  return server
}

/** Null where it is too large. */
const bodyOf = async (request: IncomingMessage): Promise<string | null> => {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > LONGEST_BODY) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
