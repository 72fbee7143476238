/**
 * The floor of `GET /runs` by status, newest first: fastify and the same SQL, bare. `node list-runs-floor.ts <options as JSON>`
 * serves the first page at `/runs` and the deep one at `/deep`, and prints its address.
 */
import { fastify } from 'fastify'
import { type ListFloorOptions, listFloor } from './list-runs-sql.ts'

const main = async (options: ListFloorOptions): Promise<void> => {
  const list = listFloor(options)
  const app = fastify()
  const serve = (path: string, page: () => readonly string[]) =>
    app.get(path, (_request, reply) => {
      reply.header('content-type', 'application/json').send(`{"data":[${page().join(',')}]}`)
    })
  serve('/runs', list.firstPage)
  serve('/deep', list.deepPage)
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
  process.once('SIGTERM', async () => {
    await app.close()
    list.close()
    process.exit(0)
  })
}

await main(JSON.parse(process.argv[2] ?? '') as ListFloorOptions)
