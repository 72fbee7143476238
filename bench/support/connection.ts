/** One keep-alive HTTP/1.1 connection that sends prepared requests, one at a time, with as little work as can be. */
import { connect } from 'node:net'

export type Response = Readonly<{ status: number; head: string; body: Buffer }>

export type Connection = Readonly<{
  /** Only once the response before has come. Fails where the server hangs up or answers without Content-Length. */
  send: (request: Buffer, onResponse: (response: Response) => void) => void
  close: () => void
}>

export type Request = Readonly<{
  method: string
  path: string
  headers?: Readonly<Record<string, string>>
  body?: string
}>

/** The bytes of `request` to the server at `url`. */
export const requestBytes = (url: URL, { method, path, headers = {}, body }: Request): Buffer => {
  const all = {
    host: url.host,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`)
}

/** Connects to `url`; `onFailure` is called once, for whatever ends the connection before `close`. */
export const openConnection = (url: URL, onFailure: (error: Error) => void): Promise<Connection> =>
  new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    let received: Buffer = NOTHING
    let waiting: ((response: Response) => void) | null = null
    const fail = (error: Error) => {
      socket.removeAllListeners('close')
      socket.destroy()
      onFailure(error)
    }
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('the server closed the connection')))
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      const response = responseIn(received)
      if (response === 'incomplete') return
      if (response === 'unsized') return fail(new Error('a response without Content-Length'))
      const answer = waiting
      received = NOTHING
      waiting = null
      if (answer === null) return fail(new Error('a response that nobody asked for'))
      answer(response)
    })
    socket.on('connect', () =>
      resolve({
        send: (request, onResponse) => {
          waiting = onResponse
          socket.write(request)
        },
        close: () => {
          socket.removeAllListeners('close')
          socket.destroy()
        },
      }),
    )
  })

const NOTHING = Buffer.alloc(0)
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)/i

const responseIn = (received: Buffer): Response | 'incomplete' | 'unsized' => {
  const end = received.indexOf(END_OF_HEAD)
  if (end === -1) return 'incomplete'
  const head = received.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const sized = CONTENT_LENGTH.exec(head)?.[1]
  // RFC 9110, section 6.4.1: these have no content.
  if (sized === undefined && status !== 204 && status !== 304) return 'unsized'
  const start = end + END_OF_HEAD.length
  const length = Number(sized ?? 0)
  return received.length < start + length
    ? 'incomplete'
    : { status, head, body: received.subarray(start, start + length) }
}
