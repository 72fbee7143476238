/** A way to a server that can go silent, as networks do whose packets are lost: connections stay, and nothing comes through. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type FreezingProxy = Readonly<{
  port: number
  freeze: () => void
  /** Ends all connections. */
  cut: () => void
  /** What was held back goes on its way. */
  thaw: () => void
}>

export const freezingProxy = async (port: number): Promise<FreezingProxy> => {
  const sockets = new Set<Socket>()
  let isFrozen = false
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    pass(near, far)
    pass(far, near)
    if (isFrozen) for (const socket of [near, far]) socket.pause()
  })
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (bytes) => to.write(bytes))
    from.on('close', () => to.destroy())
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    freeze: () => {
      isFrozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw: () => {
      isFrozen = false
      for (const socket of sockets) socket.resume()
    },
  }
}
