/**
 * The floor of reads that one query answers: fastify and the same SQL, bare. `node sql-floor.ts <options as JSON>` serves each
 * query at `/<its name>`, and prints its address.
 */
import { fastify } from 'fastify'
import { type BareQuery, openBareSql } from '../support/bare-sql.ts'

export type SqlFloorOptions = Readonly<{ readModel: string; queries: Readonly<Record<string, BareQuery>> }>

const main = async ({ readModel, queries }: SqlFloorOptions): Promise<void> => {
  const { answers, close } = openBareSql(readModel, queries)
  const app = fastify()
  for (const [name, answer] of Object.entries(answers))
    app.get(`/${name}`, (_request, reply) => {
      reply.header('content-type', 'application/json').send(answer())
    })
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
  process.once('SIGTERM', async () => {
    await app.close()
    close()
    process.exit(0)
  })
}

await main(JSON.parse(process.argv[2] ?? '') as SqlFloorOptions)
