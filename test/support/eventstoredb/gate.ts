/** The way into a stand-in: a TCP listener in front of its server, whose connections can be cut, frozen and refused. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export type Gate = Readonly<{
  /** Lets connections in, at `port` or one that is free, and gives the port. */
  open: (port: number, upstream: number) => Promise<number>
  /** Cuts all connections and refuses new ones. */
  shut: () => Promise<void>
  /** Cuts the connection whose end at the server is `peer`, `127.0.0.1:40001` say; all without one. */
  cut: (peer?: string) => void
  /** Connections stay, new ones are taken, and nothing goes through: neither calls nor answers nor pings. */
  freeze: () => void
  thaw: () => void
}>

type Pair = Readonly<{ outer: Socket; inner: Socket }>

export const createGate = (host: string): Gate => {
  const pairs = new Set<Pair>()
  let server: Server | null = null
  let frozen = false
  let upstreamPort = 0

  const flow = ({ outer, inner }: Pair) => {
    outer.pipe(inner)
    inner.pipe(outer)
  }
  const halt = ({ outer, inner }: Pair) => {
    outer.unpipe(inner).pause()
    inner.unpipe(outer).pause()
  }
  const letIn = (outer: Socket) => {
    const inner = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true })
    const pair = { outer, inner }
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      outer.destroy()
      inner.destroy()
    }
    for (const socket of [outer, inner]) socket.setNoDelay().on('close', end).on('error', end)
    if (!frozen) flow(pair)
  }
  const cut = (peer?: string) => {
    for (const { outer, inner } of [...pairs]) {
      if (peer !== undefined && peer !== `${inner.localAddress}:${inner.localPort}`) continue
      outer.resetAndDestroy()
      inner.destroy()
    }
  }

  return {
    open: async (port, upstream) => {
      upstreamPort = upstream
      server = createServer(letIn).listen(port, host)
      await once(server, 'listening')
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    },
    shut: async () => {
      const closing = server
      server = null
      if (closing === null) return
      const closed = once(closing, 'close')
      closing.close()
      cut()
      await closed
    },
    cut,
    freeze: () => {
      frozen = true
      for (const pair of pairs) halt(pair)
    },
    thaw: () => {
      frozen = false
      for (const pair of pairs) flow(pair)
    },
  }
}
