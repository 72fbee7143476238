/**
 * The floor of `GET /runs/{run_id}/events` and `/replay`: fastify sending the same bytes from one read of a run's events.
 * `node run-trail-floor.ts <options as JSON>` keeps the text that the ledger answers for each event in a table of its own,
 * serves them, and prints its address.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fastify } from 'fastify'
import { sendTogether } from '../../src/http/response/send-together.ts'
import type { ReadModel } from '../../src/read-model/read-model.ts'
import { openReadModel } from '../../src/read-model/sqlite/open.ts'

/** `directory`: for its own table. */
export type TrailFloorOptions = Readonly<{ readModel: string; directory: string; runs: readonly string[] }>

const TABLES = ['events', 'replay'] as const

/** The text of each event in each of the two answers, which have it as `JSON.stringify` writes it. */
const textsOf = async (readModel: ReadModel, run_id: string): Promise<Record<(typeof TABLES)[number], string[]>> => {
  const trail = await readModel.listTrail(run_id, { limit: 1000 })()
  const steps = await readModel.listSteps(run_id, { from: 0, limit: 1000 })()
  if (trail._tag === 'Left') throw new Error(trail.left.detail)
  if (steps._tag === 'Left') throw new Error(steps.left.detail)
  const textsIn = (joined: string) => (JSON.parse(`[${joined}]`) as unknown[]).map((each) => JSON.stringify(each))
  return { events: textsIn(trail.right.text), replay: textsIn(steps.right.text) }
}

const copyTexts = async ({ readModel, directory, runs }: TrailFloorOptions): Promise<DatabaseSync> => {
  const opened = await openReadModel({ path: readModel })()
  if (opened._tag === 'Left') throw new Error(opened.left._tag)
  const db = new DatabaseSync(join(directory, 'texts.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA cache_size = -8000; BEGIN')
  for (const table of TABLES)
    db.exec(`CREATE TABLE ${table} (run_id TEXT NOT NULL, revision INTEGER NOT NULL, text TEXT NOT NULL,
      PRIMARY KEY (run_id, revision)) STRICT, WITHOUT ROWID`)
  const inserts = TABLES.map((table) => [table, db.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`)] as const)
  for (const run_id of runs) {
    const texts = await textsOf(opened.right, run_id)
    for (const [table, insert] of inserts)
      for (const [revision, text] of texts[table].entries()) insert.run(run_id, revision, text)
  }
  db.exec('COMMIT')
  await opened.right.close()
  return db
}

const main = async (options: TrailFloorOptions): Promise<void> => {
  const db = await copyTexts(options)
  const app = fastify()
  for (const table of TABLES) {
    const read = db.prepare(
      `SELECT group_concat(text, ',') FROM (SELECT text FROM ${table} WHERE run_id = ? ORDER BY revision)`,
    )
    read.setReturnArrays(true)
    app.get<{ Params: { run_id: string } }>(`/runs/:run_id/${table}`, (request, reply) => {
      const [texts] = read.get(request.params.run_id) as unknown as [string]
      reply.header('content-type', 'application/json')
      return sendTogether(`{"data":[${texts}],"next_cursor":null}`)
    })
  }
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
  process.once('SIGTERM', async () => {
    await app.close()
    db.close()
    process.exit(0)
  })
}

await main(JSON.parse(process.argv[2] ?? '') as TrailFloorOptions)
