/**
 * The floor of `GET /runs/{run_id}`: fastify sending one row's stored text. `node read-run-floor.ts REFERENCE DIRECTORY` keeps
 * the texts that the ledger in REFERENCE answers in a table of its own, serves them, and prints its address.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fastify } from 'fastify'
import { sendTogether } from '../../src/http/response/send-together.ts'
import { openReadModel } from '../../src/read-model/sqlite/open.ts'
import { readModelRows } from './ledger-rows.ts'

const copyTexts = async (reference: string, path: string): Promise<DatabaseSync> => {
  const file = join(reference, 'read-model.db')
  const opened = await openReadModel({ path: file })()
  if (opened._tag === 'Left') throw new Error(opened.left._tag)
  const texts = new DatabaseSync(path)
  texts.exec(
    'PRAGMA journal_mode = WAL; CREATE TABLE texts (run_id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT',
  )
  const insert = texts.prepare('INSERT INTO texts VALUES (?, ?)')
  texts.exec('BEGIN')
  for (const [run_id] of readModelRows(file).tables.get('runs') ?? []) {
    const read = await opened.right.getRun(run_id as string)()
    if (read._tag === 'Left') throw new Error(read.left.detail)
    insert.run(run_id as string, read.right.run?.text ?? '')
  }
  texts.exec('COMMIT')
  await opened.right.close()
  return texts
}

const main = async (reference: string, directory: string): Promise<void> => {
  const texts = await copyTexts(reference, join(directory, 'texts.db'))
  const read = texts.prepare('SELECT text FROM texts WHERE run_id = ?')
  read.setReturnArrays(true)
  const app = fastify()
  app.get<{ Params: { run_id: string } }>('/runs/:run_id', (request, reply) => {
    const [text] = read.get(request.params.run_id) as unknown as [string]
    reply.header('content-type', 'application/json')
    return sendTogether(text)
  })
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
  process.once('SIGTERM', async () => {
    await app.close()
    texts.close()
    process.exit(0)
  })
}

const [reference = '', directory = ''] = process.argv.slice(2)
await main(reference, directory)
