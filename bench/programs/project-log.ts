/**
 * Projects a whole log into a fresh read model with its indexes in place: `node project-log.ts <job as JSON>` prints the seconds
 * of CPU that it took, and how large the file is.
 */
import type { DatabaseSync } from 'node:sqlite'
import { START } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { createProjection } from '../../src/read-model/projector/projection.ts'
import { BEGINNING, checkpointSaver, putCheckpoint } from '../../src/read-model/sqlite/checkpoint.ts'
import { openForWriting } from '../../src/read-model/sqlite/database.ts'
import { createIndexes, LIVE } from '../../src/read-model/sqlite/tables.ts'
import { createBufferedTableWriter } from '../../src/read-model/sqlite/writing/table-writer.ts'

/** `without`: the tables whose rows are not written, or the index that is not kept. */
export type ProjectJob = Readonly<{
  log: string
  readModel: string
  without: Readonly<{ tables: readonly string[] } | { index: string }> | null
}>

export type Projected = Readonly<{ cpuSeconds: number; mebibytes: number }>

/** As many a transaction as the projector writes when it is behind a steady load. */
const EVENTS_A_WRITE = 1_024
const CACHE_CHARACTERS = 4 * 1024 * 1024

const main = async ({ log, readModel, without }: ProjectJob): Promise<Projected> => {
  const store = await openEventStore({ kind: 'embedded', path: log, prefix: 'run-' }, 'read')()
  if (store._tag === 'Left') throw new Error(store.left._tag)
  const opened = openForWriting(readModel)
  if (opened._tag === 'Left') throw new Error(opened.left.detail)
  const db = opened.right
  for (const index of createIndexes(LIVE, 1)) db.exec(index)
  if (without !== null) leaveOut(db, without)
  putCheckpoint(db, 'projections', { generation: 1, ...BEGINNING })
  const projection = createProjection({
    db,
    writer: createBufferedTableWriter(db, LIVE),
    saveCheckpoint: checkpointSaver(db, 'projections'),
    cacheCharacters: CACHE_CHARACTERS,
  })
  const before = process.cpuUsage()
  const signal = new AbortController().signal
  for await (const batch of store.right.subscribe({ from: START, signal, batchSize: EVENTS_A_WRITE })) {
    for (const event of batch.events) projection.apply(event)
    projection.write(batch.position)
    if (batch.caughtUp) break
  }
  const { user, system } = process.cpuUsage(before)
  const { page_count, page_size } = db
    .prepare('SELECT page_count, page_size FROM pragma_page_count, pragma_page_size')
    .get() as { page_count: number; page_size: number }
  db.close()
  await store.right.close()
  return { cpuSeconds: (user + system) / 1e6, mebibytes: (page_count * page_size) / 2 ** 20 }
}

/** A row that is ignored before it is inserted costs next to nothing; its events are folded all the same. */
const leaveOut = (db: DatabaseSync, without: NonNullable<ProjectJob['without']>): void => {
  if ('index' in without) db.exec(`DROP INDEX ${without.index}`)
  else
    for (const table of without.tables)
      db.exec(`CREATE TEMP TRIGGER no_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(IGNORE); END`)
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as ProjectJob)))
