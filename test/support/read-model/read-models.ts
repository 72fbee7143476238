/** Read models made without a log: events as a store would hand them on, folded into a real file. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import type { Entry } from '../../../projections/audit-entry.ts'
import { TABLES } from '../../../projections/projections.ts'
import type { StoredEvent } from '../../../src/event-store/event-store.ts'
import type { ProjectionStore } from '../../../src/read-model/projection-store.ts'
import { type BatchWriter, createBatchWriter } from '../../../src/read-model/projector/batch-writer.ts'
import type { ReadModel } from '../../../src/read-model/read-model.ts'
import { openReadModel } from '../../../src/read-model/sqlite/open.ts'
import { openProjectionStore } from '../../../src/read-model/sqlite/writing/projection-store.ts'
import { encode } from '../../../src/run/event-codec.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import type { Run } from '../../../src/run/run.ts'
import { rightOf } from '../scenario.ts'
import { testDirectory } from '../stores.ts'

export const positionAt = (row: number): string => String(row).padStart(20, '0')

/** `event` as the store holds it, whatever run it names. */
export const storedAs = (run_id: string, revision: number, row: number, event: RunEvent): StoredEvent => ({
  ...encode({ ...event, data: { ...event.data, run_id } } as RunEvent),
  event_id: `event-${row}`,
  stream: run_id,
  revision,
  position: positionAt(row),
  recorded_at: new Date(Date.UTC(2026, 5, 1) + row).toISOString(),
})

/** The log in which the runs' events stand in the order that `picks` gives: each takes the next event of some run. */
export const interleaved = (
  runs: ReadonlyMap<string, readonly RunEvent[]>,
  picks: readonly number[],
): StoredEvent[] => {
  const log: StoredEvent[] = []
  const waiting = [...runs].map(([run_id, events]) => ({ run_id, events, next: 0 }))
  for (let turn = 0; ; turn += 1) {
    const open = waiting.filter(({ events, next }) => next < events.length)
    const run = open[(picks[turn % picks.length] ?? 0) % Math.max(1, open.length)]
    if (run === undefined) return log
    log.push(storedAs(run.run_id, run.next, log.length + 1, run.events[run.next] as RunEvent))
    run.next += 1
  }
}

/** The items of a page that holds them as JSON joined by commas. */
export const itemsIn = <Item = unknown>(text: string): readonly Item[] => JSON.parse(`[${text}]`) as readonly Item[]

/** A step of a replay. */
export type Step = Readonly<{ revision: number; entry: Entry; run: Run | null }>

export type OwnReadModel = Readonly<{
  path: string
  writer: BatchWriter
  /** Folds them and shows them. */
  project: (events: readonly StoredEvent[]) => Promise<void>
  /** Goes on from the tables, as after a restart. */
  restart: () => Promise<void>
  readModel: ReadModel
  /** Leaves the file behind, whole. */
  close: () => Promise<void>
}>

/** A read model that this test writes itself. `cacheCharacters` 1: every run is read from its row again. */
export const openOwnReadModel = async (cacheCharacters = 1_000_000): Promise<OwnReadModel> => {
  const path = join(testDirectory(), 'read-model.db')
  const store = rightOf(openProjectionStore(path))
  let isOpen = true
  const closeStore = () => {
    if (isOpen) store.close()
    isOpen = false
  }
  onTestFinished(closeStore)
  rightOf(await store.beginLive())
  const marks = rightOf(await store.live.parts())
  const writer = createBatchWriter({ tables: store.live, marks, cacheCharacters })
  const readModel = rightOf(await openReadModel({ path })())
  onTestFinished(() => readModel.close())
  return {
    path,
    writer,
    project: async (events) => {
      for (const event of events) writer.add(event)
      const last = events.at(-1)
      if (last !== undefined) rightOf(await writer.write(last.position)())
    },
    restart: async () => writer.reset(rightOf(await store.live.parts())),
    readModel,
    close: async () => {
      await readModel.close()
      closeStore()
    },
  }
}

export type Contents = Record<keyof typeof COMPARABLE, unknown[]>

export type WrittenStore = Readonly<{
  store: ProjectionStore
  /** The same tables for another writer, who does not know of this one. */
  another: () => ProjectionStore
  /** All rows of the live tables, by table. */
  contents: () => Promise<Contents>
}>

/** Everything that the tables say, in one order. */
export const contentsOf = (path: string): Contents => {
  const db = new DatabaseSync(path)
  const rows = (table: string) => db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()
  const contents = Object.fromEntries(TABLES.map(({ name }) => [name, rows(name)]))
  db.close()
  return JSON.parse(JSON.stringify(contents)) as Contents
}

/**
 * How many rows of each table one read model has and the other has not, both ways. What is a store's own is left out:
 * positions, for which an event's place in its run stands, recorded times, event ids and nonces.
 */
export const differingRows = (one: string, other: string): Readonly<Record<string, number>> => {
  const db = new DatabaseSync(one, { readOnly: true })
  db.prepare('ATTACH ? AS other').run(other)
  const counts = Object.entries(COMPARABLE).map(([table, rowsIn]) => {
    const [mine, theirs] = [rowsIn('main'), rowsIn('other')]
    const missing = (has: string, lacks: string) => `SELECT count(*) AS n FROM (${has} EXCEPT ${lacks})`
    // EXCEPT compares sets: as many rows, too.
    const sizes = `SELECT abs((SELECT count(*) FROM (${mine})) - (SELECT count(*) FROM (${theirs}))) AS n`
    const sum = [missing(mine, theirs), missing(theirs, mine), sizes]
      .map((sql) => (db.prepare(sql).get() as { n: number }).n)
      .reduce((total, n) => total + n, 0)
    return [table, sum] as const
  })
  db.close()
  return Object.fromEntries(counts)
}

const all = (table: string) => (schema: string) => `SELECT * FROM ${schema}.${table}`

const ofEntry = (columns: string, table: string) => (schema: string) =>
  `SELECT run_id, revision, ${columns} FROM ${schema}.${table} JOIN ${schema}.entries USING (position)`

const COMPARABLE = {
  runs: (schema: string) =>
    `SELECT run_id, run_group_id, policy_version_id, status, result, input_data, run_metadata, created_at, started_at, last_updated_at, revision FROM ${schema}.runs`,
  metadata_values: all('metadata_values'),
  quarantine: (schema: string) => `SELECT run_id, revision, type, detail FROM ${schema}.quarantine`,
  entries: (schema: string) =>
    `SELECT run_id, revision, type, actor, occurred_at, status, result, started_at, metadata_kept FROM ${schema}.entries`,
  entry_texts: ofEntry(
    `json_remove(entry, '$.position', '$.recorded_at', '$.event_id'), run_metadata, json_remove(event_metadata, '$.nonce')`,
    'entry_texts',
  ),
  entry_ids: ofEntry('hash', 'entry_ids'),
  run_groups: all('run_groups'),
  run_group_statuses: all('run_group_statuses'),
  policy_versions: all('policy_versions'),
  policy_version_statuses: all('policy_version_statuses'),
  policy_figures: all('policy_figures'),
  policy_durations: all('policy_durations'),
  group_completions: all('group_completions'),
}
