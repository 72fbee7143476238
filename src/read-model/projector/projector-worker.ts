/** The projector's worker thread: opens the log for reading and the read model for writing, and keeps the tables. */
import { parentPort, workerData } from 'node:worker_threads'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore, Position } from '../../event-store/event-store.ts'
import { openEventStore } from '../../event-store/open.ts'
import { startTracing } from '../../tracing/start-tracing.ts'
import type { ProjectionStore } from '../projection-store.ts'
import { isReadModel, setAside } from '../sqlite/set-aside.ts'
import { openProjectionStore } from '../sqlite/writing/projection-store.ts'
import { createCatchUp } from './catch-up.ts'
import type { Hopeless } from './follow-log.ts'
import type { ProjectorFailure, ProjectorLog, Rebuilt } from './projector.ts'
import { rebuild, untilDone } from './rebuild.ts'
import { carryOn, prepareTables, type TablesState } from './tables-state.ts'
import type { FromWorker, Request, ToWorker, WorkerOptions } from './worker-messages.ts'

const SIGN_OF_LIFE_MS = 2_000

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')

const tracing = await startTracing()

const send = (message: FromWorker): void => port.postMessage(message)
const log: ProjectorLog = (entry) => send({ type: 'log', entry })

type Opened = Readonly<{ store: EventStore; tables: ProjectionStore; state: TablesState }>

const main = async ({ eventStore, path, rebuild: wanted }: WorkerOptions): Promise<void> => {
  const opened = await pipe(
    openEventStore(eventStore, 'read'),
    TE.flatMap((store) => closingOnFailure(store, openTables(path, store, wanted))),
  )()
  if (opened._tag === 'Left') {
    send({ type: 'refused', failure: opened.left })
    port.close()
  } else keep(opened.right, { eventStore, path })
}

const closingOnFailure =
  <Result>(store: EventStore, work: TE.TaskEither<ProjectorFailure, Result>): TE.TaskEither<ProjectorFailure, Result> =>
  async () => {
    const result = await work()
    if (result._tag === 'Left') await store.close()
    return result
  }

/** The tables at `path`, ready to be kept. A damaged read model is set aside, and another one is begun. */
const openTables = (path: string, store: EventStore, wanted: boolean): TE.TaskEither<ProjectorFailure, Opened> =>
  pipe(
    openAndPrepare(path, store, wanted),
    TE.orElse((failure) => {
      if (failure._tag !== 'ReadModelDamaged' || !isReadModel(path)) return TE.left(failure)
      replaceDamaged(path, failure.detail)
      return openAndPrepare(path, store, wanted)
    }),
  )

const openAndPrepare = (path: string, store: EventStore, wanted: boolean): TE.TaskEither<ProjectorFailure, Opened> =>
  pipe(
    TE.fromEither(openProjectionStore(path)),
    TE.flatMap((tables) =>
      pipe(
        prepareTables(tables, store, wanted),
        TE.mapLeft((failure) => {
          tables.close()
          return failure._tag === 'CheckpointBeyondHead' || failure._tag === 'ForeignReadModel'
            ? { ...failure, path }
            : failure
        }),
        TE.map((state) => ({ store, tables, state })),
      ),
    ),
  )

const replaceDamaged = (path: string, detail: string): void => {
  const aside = setAside(path)
  log({ level: 'error', message: `the read model is damaged (${detail}): it is set aside as ${aside}, and made again` })
}

type Place = Omit<WorkerOptions, 'rebuild'>

const keep = ({ store, tables, state }: Opened, { eventStore, path }: Place): void => {
  let stale = state.stale
  let waiting: readonly Readonly<{ id: number; position: Position }>[] = []
  let rebuilding: Promise<Rebuilt | null> | null = null
  let dropping: Promise<unknown> | null = null
  let ended: Promise<void> | null = null
  const ending = new AbortController()
  const { signal } = ending

  const onAdvance = (position: Position): void => {
    if (stale) return
    for (const { id } of waiting.filter((each) => each.position <= position)) send({ type: 'answer', id, value: null })
    waiting = waiting.filter((each) => each.position > position)
  }

  /** Ends this thread, so that another one begins with what it finds: another read model, where this one is damaged. */
  const giveUp = async (failure: Hopeless): Promise<void> => {
    if (ended !== null) return
    await end()
    if (failure._tag === 'ReadModelDamaged') replaceDamaged(path, failure.detail)
    else log({ level: 'error', message: `projector: ${failure.detail}` })
    port.close()
  }
  const live = createCatchUp({
    tables: tables.live,
    store,
    name: 'projector',
    prepare: carryOn(tables, store),
    heartbeat: tables.heartbeat,
    log,
    onAdvance,
    onHopeless: giveUp,
  })

  const rebuildOnce = (): Promise<Rebuilt | null> => {
    rebuilding ??= rebuildAfter(dropping)
    return rebuilding
  }

  const rebuildAfter = async (other: Promise<unknown> | null): Promise<Rebuilt | null> => {
    await other
    const onSwitch = () => {
      stale = false
      // A rebuild requested from now on must include what the log holds now.
      dropping = rebuilding
      rebuilding = null
    }
    const onProgress = (events: number) => send({ type: 'rebuilt', events })
    const isStale = () => stale
    const rebuilt = await rebuild({ tables, eventStore, path, live, isStale, onSwitch, onProgress, signal, log })()
    if (rebuilt._tag === 'Right') return rebuilt.right
    setImmediate(giveUp, rebuilt.left)
    return null
  }

  const answer = async (id: number, request: Request): Promise<void> => {
    switch (request.type) {
      case 'caught_up':
        waiting = [...waiting, { id, position: request.position }]
        return onAdvance(live.position())
      case 'retry': {
        const retried = await live.retry(request.which)()
        return send({ type: 'answer', id, value: retried })
      }
      case 'rebuild': {
        const rebuilt = await rebuildOnce()
        if (rebuilt !== null) send({ type: 'answer', id, value: rebuilt })
        return
      }
      case 'set_aside':
        // Answered first: the thread that follows is not to be asked again.
        send({ type: 'answer', id, value: null })
        return giveUp({ _tag: 'ReadModelDamaged', path, detail: request.detail })
      default:
        request satisfies never
    }
  }

  const end = (): Promise<void> => {
    ended ??= (async () => {
      clearInterval(sign)
      ending.abort()
      await Promise.all([rebuilding, dropping])
      await live.stop()
      tables.close()
      await store.close()
      await tracing?.close()
    })()
    return ended
  }

  const sign = setInterval(() => send({ type: 'alive' }), SIGN_OF_LIFE_MS)
  port.on('message', (message: ToWorker) =>
    message === 'stop' ? end().then(() => port.close()) : answer(message.id, message.request),
  )
  if (!stale) live.start()
  // A rebuild that was killed after its switch has left the old tables behind.
  if (state.rebuilding) rebuildOnce()
  else dropping = untilDone(tables.dropReplaced, signal)()
  send({ type: 'started' })
}

await main(workerData as WorkerOptions)
