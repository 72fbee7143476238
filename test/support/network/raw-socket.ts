/** HTTP by hand, for what no client would send. */
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type RawAnswer = Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: string }>

export type RawSocket = Readonly<{
  socket: Socket
  send: (text: string | Buffer) => void
  /** All that came so far. */
  received: () => string
  /** Resolves with all that came once `text` is in it. */
  until: (text: string) => Promise<string>
  /** Resolves with all that came once the server has closed. */
  closed: () => Promise<string>
}>

export const openSocket = async (port: number): Promise<RawSocket> => {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => {
    socket.destroy()
  })
  const parts: string[] = []
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
  })
  socket.on('data', (bytes) => {
    parts.push(bytes.toString('latin1'))
  })
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return {
    socket,
    send: (text) => {
      socket.write(text)
    },
    received: () => parts.join(''),
    until: async (text) => {
      // Long answers: only what is new is looked at, and the end before it.
      let tail = parts.join('')
      let seen = parts.length
      while (!tail.includes(text)) {
        await new Promise((resolve) => socket.once('data', resolve))
        tail = tail.slice(-text.length) + parts.slice(seen).join('')
        seen = parts.length
      }
      return parts.join('')
    },
    closed: async () => {
      await ended
      return parts.join('')
    },
  }
}

/** One answer with a Content-Length or until the end, out of what a socket received. */
export const parseAnswer = (text: string): RawAnswer => {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [line = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 2)]),
  )
  return { status: Number(line.split(' ')[1]), headers, body: rest.join('\r\n\r\n') }
}
