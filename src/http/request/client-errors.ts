/** Faults before fastify has a request: problems are written to the socket itself. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { type Problem, problem } from '../../api/problems.ts'
import { PROBLEM_TYPE } from '../response/content-negotiation.ts'
import { HSTS, NO_CACHE, SECURITY_HEADERS } from '../response/response-headers.ts'

/** Routes that read a body themselves and answer when it does not arrive in time. */
const waiting = new WeakMap<Socket, () => void>()

/** Resolves when the request on `socket` did not arrive in time. The caller then answers, and ends the connection. */
export const lateBody = (socket: Socket): Promise<'late'> =>
  new Promise((resolve) => {
    waiting.set(socket, () => resolve('late'))
  })

export const forgetLateBody = (socket: Socket): void => {
  waiting.delete(socket)
}

/** Of Node's HTTP server: a request that is no HTTP, has too large headers, or does not arrive in time. */
export const answerClientError = (error: Error & { code?: string }, socket: Socket): void => {
  const late = error.code === TIMED_OUT ? waiting.get(socket) : undefined
  if (late !== undefined) {
    late()
    return
  }
  if (error.code === 'ECONNRESET' || !socket.writable || hasAnswered(socket)) {
    socket.destroy()
    return
  }
  refuseOnSocket(socket, problemOfParser(error.code))
}

/** Of Node's HTTP server: a request for a tunnel, which no route can take. */
export const refuseTunnel = (_request: IncomingMessage, socket: Duplex): void =>
  refuseOnSocket(socket, problem('method-not-allowed', 'this server is not a proxy'), ['Allow: GET, HEAD, POST'])

const refuseOnSocket = (socket: Duplex, refused: Problem, headers: readonly string[] = []): void => {
  const body = JSON.stringify(refused)
  socket.end(
    [
      `HTTP/1.1 ${refused.status} ${refused.title}`,
      ...headers,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `Cache-Control: ${NO_CACHE}`,
      ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
      ...(socket instanceof TLSSocket ? [HSTS.join(': ')] : []),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  )
}

const TIMED_OUT = 'ERR_HTTP_REQUEST_TIMEOUT'

const problemOfParser = (code: string | undefined): Problem => {
  switch (code) {
    case TIMED_OUT:
      return problem('request-timeout', 'the request did not arrive in time')
    case 'HPE_HEADER_OVERFLOW':
      return problem('malformed-request', 'the request line and headers together are more than 16 KiB')
    default:
      return problem('malformed-request', 'this is not valid HTTP/1.1')
  }
}

// An answer that has begun must not be mixed with another. Node has no public way to see it; its own handler reads this.
const hasAnswered = (socket: Socket & { _httpMessage?: { headersSent: boolean } | null }): boolean =>
  socket._httpMessage?.headersSent === true
