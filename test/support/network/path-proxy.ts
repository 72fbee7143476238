/** A proxy that puts a server under a path of its own, as nginx does with `location /x/ { proxy_pass …/; }`. */
import { createServer, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type PathProxy = Readonly<{
  /** Ends with the path. */
  url: string
  /** Breaks every connection and takes no new ones, until `mend`. */
  cut: () => void
  mend: () => void
  close: () => Promise<void>
}>

/** `path` begins and ends with a slash. */
export const startPathProxy = async (target: string, path: string): Promise<PathProxy> => {
  const sockets = new Set<Socket>()
  let broken = false
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming
    if (!url.startsWith(path)) return void outgoing.writeHead(404).end()
    const upstream = request(new URL(url.slice(path.length - 1), target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  })
  server.on('connection', (socket) => {
    if (broken) return void socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cut = () => {
    broken = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${port}${path}`,
    cut,
    mend: () => {
      broken = false
    },
    close: () =>
      new Promise((resolve) => {
        cut()
        server.close(() => resolve())
      }),
  }
}
