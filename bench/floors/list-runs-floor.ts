/**
 * The floor of `GET /runs` by status, newest first: fastify and the same SQL, bare. `node list-runs-floor.ts READ_MODEL` serves
 * `/runs?status=&limit=` and, after a page that ended at a run, `&created_at=&run_id=`, and prints its address.
 */
import { fastify } from 'fastify'
import { listFloor } from './list-runs-sql.ts'

type Query = Readonly<{ status: string; limit: string; created_at?: string; run_id?: string }>

const main = async (path: string): Promise<void> => {
  const list = listFloor(path)
  const app = fastify()
  app.get<{ Querystring: Query }>('/runs', (request, reply) => {
    const { status, limit, created_at, run_id } = request.query
    const after = created_at === undefined || run_id === undefined ? null : { created_at, run_id }
    reply
      .header('content-type', 'application/json')
      .send(`{"data":[${list.page(status, Number(limit), after).join(',')}]}`)
  })
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
  process.once('SIGTERM', async () => {
    await app.close()
    list.close()
    process.exit(0)
  })
}

await main(process.argv[2] ?? '')
