/** How a server stops: what is under way is finished, and no connection keeps it longer than that. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket, Server as TlsServer } from 'node:tls'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { HttpLimits } from '../request/limits.ts'

/** While the server stops, a connection has no use any more once its request is over. */
export const gentleStop = ({ stopWithin }: HttpLimits) => {
  let stopping = false
  const silent = new Set<Socket>()
  return {
    /** To Node a connection on which nothing ever came is no idle one. Browsers open such connections to spare. */
    watch: (server: Server): void => {
      // Over TLS the socket of a request is another one than that of its connection.
      server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket) => {
        silent.add(socket)
        socket.once('close', () => silent.delete(socket))
      })
      server.on('request', ({ socket }) => silent.delete(socket))
    },
    begin: async function (this: FastifyInstance): Promise<void> {
      stopping = true
      for (const socket of silent) if (socket instanceof TLSSocket || socket.bytesRead === 0) socket.destroy()
      setTimeout(() => this.server.closeAllConnections(), stopWithin).unref()
    },
    onOver: ({ server }: FastifyReply): void => {
      // A connection is idle only after the event that ends its request.
      if (stopping) setImmediate(() => server.server.closeIdleConnections())
    },
  }
}
