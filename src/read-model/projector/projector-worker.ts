/** The projector's worker thread: opens the log for reading and the read model for writing, and keeps the tables. */
import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { type Either, right } from 'fp-ts/lib/Either.js'
import type { EventStore, Position } from '../../event-store/event-store.ts'
import { type EventStoreConfig, openEventStore } from '../../event-store/open.ts'
import { BEGINNING, type Checkpoint, putCheckpoint, readCheckpoint } from '../sqlite/checkpoint.ts'
import { inTransaction, openForWriting } from '../sqlite/database.ts'
import { createIndexes, LIVE } from '../sqlite/tables.ts'
import { createLiveTables } from './catch-up.ts'
import type { ProjectorFailure, ProjectorLog, Rebuilt } from './projector.ts'
import { beginRebuild, dropReplaced, rebuild, rebuildUnderWay } from './rebuild.ts'
import type { FromWorker, Request, ToWorker, WorkerOptions } from './worker-messages.ts'

const SIGN_OF_LIFE_MS = 2_000

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')

const tell = (message: FromWorker): void => port.postMessage(message)
const log: ProjectorLog = (entry) => tell({ type: 'log', entry })

const main = async ({ eventStore, path, rebuild: wanted }: WorkerOptions): Promise<void> => {
  const opened = await open(eventStore, path)
  if (opened._tag === 'Left') return refuse(opened.left)
  const { db, store, head } = opened.right
  const state = stateOf(db, head)
  if (state.live === 'beyond the head' && !wanted && !state.rebuildUnderWay) {
    closeAll(db, store)
    return refuse(beyondHead(path, state.checkpoint, head))
  }
  if (wanted && !state.rebuildUnderWay) beginRebuild(db)
  keep({ eventStore, path, db, store }, state.live !== 'current')
}

const refuse = (failure: ProjectorFailure): void => {
  tell({ type: 'refused', failure })
  port.close()
}

type Opened = Readonly<{ db: DatabaseSync; store: EventStore; head: Position }>

const open = async (eventStore: EventStoreConfig, path: string): Promise<Either<ProjectorFailure, Opened>> => {
  const store = await openEventStore(eventStore, 'read')()
  if (store._tag === 'Left') return store
  const head = await store.right.headPosition()()
  const db = head._tag === 'Left' ? head : openForWriting(path)
  if (head._tag === 'Right' && db._tag === 'Right') return right({ db: db.right, store: store.right, head: head.right })
  await store.right.close()
  return db as Either<ProjectorFailure, never>
}

const closeAll = (db: DatabaseSync, store: EventStore): Promise<void> => {
  db.close()
  return store.close()
}

type TablesState = Readonly<{
  checkpoint: Position
  live: 'current' | 'other version' | 'beyond the head'
  rebuildUnderWay: boolean
}>

/** What state the tables are in; makes the first ones where there are none. */
const stateOf = (db: DatabaseSync, head: Position): TablesState => {
  const live = readCheckpoint(db, 'projections') ?? firstTables(db)
  const underWay = rebuildUnderWay(db)
  return {
    checkpoint: live.last_event_position,
    live: live.last_event_position > head ? 'beyond the head' : live.isCurrent ? 'current' : 'other version',
    rebuildUnderWay: underWay !== null && underWay.last_event_position <= head,
  }
}

const firstTables = (db: DatabaseSync): Checkpoint => {
  const checkpoint = { isCurrent: true, generation: 1, ...BEGINNING }
  inTransaction(db, () => {
    for (const index of createIndexes(LIVE, checkpoint.generation)) db.exec(index)
    putCheckpoint(db, 'projections', checkpoint)
  })
  return checkpoint
}

const beyondHead = (path: string, checkpoint: Position, head: Position): ProjectorFailure => ({
  _tag: 'CheckpointBeyondHead',
  path,
  checkpoint,
  head,
  detail: `the read model was made of events up to ${checkpoint}, the log ends at ${head}: it is another or an older log. \`run-ledger projections rebuild\` makes the read model of this one.`,
})

type Kept = Omit<Opened, 'head'> & Omit<WorkerOptions, 'rebuild'>

/** `stale`: the live tables cannot be carried on, and are shown as they are until a rebuild takes their place. */
const keep = ({ eventStore, path, db, store }: Kept, isStale: boolean): void => {
  let stale = isStale
  let waiting: readonly Readonly<{ id: number; position: Position }>[] = []
  let rebuilding: Promise<Rebuilt | null> | null = null
  let dropping: Promise<void> | null = null
  const ending = new AbortController()

  const onAdvance = (position: Position): void => {
    if (stale) return
    for (const { id } of waiting.filter((each) => each.position <= position)) tell({ type: 'answer', id, value: null })
    waiting = waiting.filter((each) => each.position > position)
  }
  const live = createLiveTables({ db, store, log, onAdvance })

  const rebuildOnce = (): Promise<Rebuilt | null> => {
    rebuilding ??= rebuildAfter(dropping).finally(() => {
      rebuilding = null
    })
    return rebuilding
  }

  const rebuildAfter = async (other: Promise<void> | null): Promise<Rebuilt | null> => {
    await other
    const onSwitch = () => {
      stale = false
    }
    const onProgress = (events: number) => tell({ type: 'rebuilt', events })
    const { signal } = ending
    return rebuild({ db, eventStore, path, live, isStale: () => stale, onSwitch, onProgress, signal, log })
  }

  const answer = async (id: number, request: Request): Promise<void> => {
    switch (request.type) {
      case 'caught_up':
        waiting = [...waiting, { id, position: request.position }]
        return onAdvance(live.position())
      case 'retry':
        return tell({ type: 'answer', id, value: await live.retry(request.which) })
      case 'rebuild': {
        const rebuilt = await rebuildOnce()
        if (rebuilt !== null) tell({ type: 'answer', id, value: rebuilt })
        return
      }
      default:
        request satisfies never
    }
  }

  const stop = async (): Promise<void> => {
    clearInterval(sign)
    ending.abort()
    await Promise.all([rebuilding, dropping])
    await live.stop()
    await closeAll(db, store)
    port.close()
  }

  const sign = setInterval(() => tell({ type: 'alive' }), SIGN_OF_LIFE_MS)
  port.on('message', (message: ToWorker) => (message === 'stop' ? stop() : answer(message.id, message.request)))
  if (!stale) live.start()
  // A rebuild that was killed after its switch has left the old tables behind.
  if (stale || rebuildUnderWay(db) !== null) rebuildOnce()
  else dropping = dropReplaced(db, ending.signal)
  tell({ type: 'started' })
}

await main(workerData as WorkerOptions)
