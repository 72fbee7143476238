/** The ways into a stand-in's server: TCP listeners whose connections can be cut and refused, and one that can freeze. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type WayIn = Readonly<{
  port: number
  /** Cuts the connection that the server knows by its other end, `127.0.0.1:40001` say; all without one. */
  cut: (peer?: string) => void
  /** Connections stay, new ones are taken, and nothing goes through: neither calls nor answers nor pings. */
  freeze: () => void
  thaw: () => void
  /** Cuts all connections and refuses new ones. */
  shut: () => Promise<void>
}>

/** Hands each connection to the server itself: nothing stands between, so it cannot freeze while its process runs. */
export const openDoor = async (host: string, port: number, accept: (socket: Socket) => void): Promise<WayIn> => {
  const sockets = new Map<string, Socket>()
  const listener = await listen(host, port, (socket) => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
    sockets.set(peer, socket)
    socket.setNoDelay().on('error', () => {})
    socket.on('close', () => sockets.delete(peer))
    accept(socket)
  })
  const cut = (peer?: string) => {
    for (const [name, socket] of [...sockets]) if (peer === undefined || peer === name) socket.destroy()
  }
  const cannot = () => {
    throw new Error('freeze it by SIGSTOP to its process, or start it with a gate')
  }
  return { port: listener.port, cut, freeze: cannot, thaw: cannot, shut: () => listener.close(cut) }
}

type Pair = Readonly<{ outer: Socket; inner: Socket }>

/** Passes bytes on to the server at `upstream`, as long as it is not frozen. */
export const openGate = async (host: string, port: number, upstream: number): Promise<WayIn> => {
  const pairs = new Set<Pair>()
  let frozen = false
  const flow = ({ outer, inner }: Pair) => {
    outer.pipe(inner)
    inner.pipe(outer)
  }
  const listener = await listen(host, port, (outer) => {
    const inner = connect({ port: upstream, host: '127.0.0.1' })
    const pair = { outer, inner }
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      outer.destroy()
      inner.destroy()
    }
    for (const socket of [outer, inner]) socket.setNoDelay().on('close', end).on('error', end)
    if (!frozen) flow(pair)
  })
  const cut = (peer?: string) => {
    for (const { outer, inner } of [...pairs]) {
      if (peer !== undefined && peer !== `${inner.localAddress}:${inner.localPort}`) continue
      outer.destroy()
      inner.destroy()
    }
  }
  return {
    port: listener.port,
    cut,
    freeze: () => {
      frozen = true
      for (const { outer, inner } of pairs) {
        outer.unpipe(inner).pause()
        inner.unpipe(outer).pause()
      }
    },
    thaw: () => {
      frozen = false
      for (const pair of pairs) flow(pair)
    },
    shut: () => listener.close(cut),
  }
}

const listen = async (host: string, port: number, accept: (socket: Socket) => void) => {
  const server = createServer(accept).listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async (cut: () => void) => {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
