/** A way to a server whose connections break after so many bytes, as networks do. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type CuttingProxy = Readonly<{ url: string; connections: () => number }>

/** The n-th connection is cut once the server has answered the n-th of `lengths`, in bytes; all later ones stay. */
export const cuttingProxy = async (port: number, lengths: readonly number[]): Promise<CuttingProxy> => {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    let left = lengths[connections] ?? Number.POSITIVE_INFINITY
    connections += 1
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    near.pipe(far)
    far.on('data', (bytes) => {
      if (bytes.length < left) near.write(bytes)
      else {
        near.write(bytes.subarray(0, left), () => near.destroy())
        far.destroy()
      }
      left -= bytes.length
    })
    far.on('close', () => near.end())
    near.on('close', () => far.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}
