/**
 * The floor of all entries as NDJSON: fastify sending the stored texts, 500 of them a write. `node entries-floor.ts READ_MODEL`
 * serves them at `/audit`, and prints its address.
 */
import type { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { fastify } from 'fastify'
import { openForReading } from '../../src/read-model/sqlite/database.ts'

const TEXTS_A_WRITE = 500

function* textsOf(db: DatabaseSync): Generator<string, void> {
  const page = db.prepare(`SELECT max(position), group_concat(entry, char(10)) FROM (
    SELECT position, entry FROM entry_texts WHERE position > ? ORDER BY position LIMIT ${TEXTS_A_WRITE})`)
  page.setReturnArrays(true)
  for (let position = 0; ; ) {
    const [last, texts] = page.get(position) as unknown as [number | null, string]
    if (last === null) return
    yield `${texts}\n`
    position = last
  }
}

const main = async (path: string): Promise<void> => {
  const opened = openForReading(path)
  if (opened._tag === 'Left') throw new Error(`${path}: ${opened.left._tag}`)
  const db = opened.right
  const app = fastify()
  app.get('/audit', (_, reply) => {
    reply.header('content-type', 'application/x-ndjson').send(Readable.from(textsOf(db), { highWaterMark: 1 }))
  })
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
  process.once('SIGTERM', async () => {
    await app.close()
    db.close()
    process.exit(0)
  })
}

await main(process.argv[2] ?? '')
