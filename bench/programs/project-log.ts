/**
 * Projects a whole log into a fresh read model with its indexes in place: `node project-log.ts <job as JSON>` prints the seconds
 * of CPU that it took, and how large the file is.
 */
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { START } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { createBatchWriter } from '../../src/read-model/projector/batch-writer.ts'
import { openProjectionStore } from '../../src/read-model/sqlite/writing/projection-store.ts'

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
  const opened = openProjectionStore(readModel)
  if (opened._tag === 'Left') throw new Error(opened.left.detail)
  const { live, beginLive, close } = opened.right
  const marks = await pipe(
    beginLive,
    TE.flatMap(() => live.parts),
  )()
  if (marks._tag === 'Left') throw new Error(marks.left.detail)
  if (without !== null) leaveOut(readModel, without)
  const writer = createBatchWriter({ tables: live, marks: marks.right, cacheCharacters: CACHE_CHARACTERS })
  const before = process.cpuUsage()
  const signal = new AbortController().signal
  for await (const batch of store.right.subscribe({ from: START, signal, batchSize: EVENTS_A_WRITE })) {
    for (const event of batch.events) writer.add(event)
    const written = await writer.write(batch.position)()
    if (written._tag === 'Left') throw new Error(written.left._tag)
    if (batch.caughtUp) break
  }
  const { user, system } = process.cpuUsage(before)
  close()
  const mebibytes = statSync(readModel).size / 2 ** 20
  await store.right.close()
  return { cpuSeconds: (user + system) / 1e6, mebibytes }
}

/** A row that is ignored before it is inserted costs next to nothing; its events are folded all the same. */
const leaveOut = (readModel: string, without: NonNullable<ProjectJob['without']>): void => {
  const db = new DatabaseSync(readModel)
  if ('index' in without) db.exec(`DROP INDEX ${without.index}`)
  else
    for (const table of without.tables)
      db.exec(`CREATE TRIGGER no_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(IGNORE); END`)
  db.close()
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as ProjectJob)))
