/** The thread of a process that projects into PostgreSQL: holds parts of the tables, and follows the log for them. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { extname } from 'node:path'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type pg from 'pg'
import type { EventStoreConfig } from '../../../event-store/config.ts'
import type { EventStore } from '../../../event-store/event-store.ts'
import { openEventStore } from '../../../event-store/open.ts'
import { startTracing } from '../../../tracing/start-tracing.ts'
import type { ProjectionStoreFailure } from '../../projection-store.ts'
import type { ProjectorFailure, ProjectorLog } from '../../projector/projector.ts'
import { findForeign } from '../../projector/tables-state.ts'
import type { FromWorker, ToWorker } from '../../projector/worker-messages.ts'
import { placeOf } from '../address.ts'
import { openPool } from '../connection.ts'
import { attempt } from '../postgres-failure.ts'
import { generationTables, type Writing } from '../writing/generation-tables.ts'
import { ensureRegistry, unfitness } from '../writing/generations.ts'
import { beginNext, ensureSet, readSet } from '../writing/table-set.ts'
import type { RenewalTask } from './lease-renewal-worker.ts'
import { leave, renew } from './leases.ts'
import { createNotifier } from './notifier.ts'
import { startSetProjector } from './set-projector.ts'

/** `rebuild`: begin the next generation at once, unless one is being made. */
export type PostgresWorkerOptions = Readonly<{ eventStore: EventStoreConfig; url: string; rebuild: boolean }>

const SIGN_OF_LIFE_MS = 2_000
const WRITERS = 2
// A frozen process holds no locks: its session is ended, and what it wrote is rolled back.
const WRITER_LIMITS = { statementTimeoutMs: 60_000, answerTimeoutMs: 65_000, idleInTransactionMs: 3_000 } as const
const LEASE_LIMITS = {
  statementTimeoutMs: 30_000,
  answerTimeoutMs: 35_000,
  idleInTransactionMs: 3_000,
  lockTimeoutMs: 1_000,
} as const

const RENEWAL = new URL(`./lease-renewal-worker${extname(import.meta.url)}`, import.meta.url)

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')

const tracing = await startTracing()

const send = (message: FromWorker): void => port.postMessage(message)
const log: ProjectorLog = (entry) => send({ type: 'log', entry })

const main = async ({ eventStore, url, rebuild }: PostgresWorkerOptions): Promise<void> => {
  const onLost = (detail: string) => log({ level: 'warn', message: `projector: a connection is lost: ${detail}` })
  const writers = openPool(url, { ...WRITER_LIMITS, name: 'run-ledger writer', max: WRITERS, onLost })
  const leases = openPool(url, { ...LEASE_LIMITS, name: 'run-ledger projector', max: 1, onLost })
  const writing = { pool: writers, place: placeOf(url) }
  const closePools = async () => {
    await Promise.all([writers.end(), leases.end()])
  }
  const opened = await pipe(
    openEventStore(eventStore, 'read'),
    TE.tap((store) =>
      pipe(
        prepareSet(writing, leases, store, rebuild),
        TE.tapError(() => TE.fromTask(store.close)),
      ),
    ),
  )()
  if (opened._tag === 'Left') {
    send({ type: 'refused', failure: opened.left })
    await closePools()
    port.close()
    return
  }
  await keep({ url, writing, leases, store: opened.right, close: closePools })
}

/** The tables as they are needed. Fails where those that are read are of another log, and none are made to replace them. */
const prepareSet = (
  writing: Writing,
  leases: pg.Pool,
  store: EventStore,
  rebuild: boolean,
): TE.TaskEither<ProjectorFailure, void> => {
  const task =
    <Result>(work: () => Promise<Result>): TE.TaskEither<ProjectionStoreFailure, Result> =>
    () =>
      attempt(writing.place, work)
  return pipe(
    task(() => unfitness(leases)),
    TE.filterOrElseW(
      (why) => why === null,
      (why): ProjectorFailure => ({ _tag: 'StoreRefused', detail: `${writing.place}: ${why}` }),
    ),
    TE.flatMap(() => task(() => beginSet(leases, rebuild))),
    TE.flatMap(({ live, isReplaced }) =>
      live === null || isReplaced ? TE.right(undefined) : checkLive(writing, live, store),
    ),
  )
}

/** `isReplaced`: other tables than the live ones are being made. */
const beginSet = async (leases: pg.Pool, rebuild: boolean) => {
  await ensureRegistry(leases)
  await ensureSet(leases)
  const { live, next } = await readSet(leases)
  if (rebuild && next === null) await beginNext(leases)
  return { live, isReplaced: rebuild || next !== null }
}

const checkLive = (writing: Writing, live: number, store: EventStore): TE.TaskEither<ProjectorFailure, void> =>
  pipe(
    TE.Do,
    TE.apS('head', store.headPosition()),
    TE.apSW('checkpoint', generationTables(writing, live).checkpoint),
    TE.flatMap(({ head, checkpoint }) => findForeign(store, checkpoint, head)),
    TE.flatMap((foreign) => (foreign === null ? TE.right(undefined) : TE.left({ ...foreign, path: writing.place }))),
  )

type Kept = Readonly<{
  url: string
  writing: Writing
  leases: pg.Pool
  store: EventStore
  /** Ends the pools. */
  close: () => Promise<void>
}>

const keep = async ({ url, writing, leases, store, close }: Kept): Promise<void> => {
  const owner = randomUUID()
  const renewal = await startRenewal(url, leases, owner)
  const projector = startSetProjector({
    owner,
    writing,
    leases,
    store,
    log,
    onMoved: createNotifier(leases),
    onHopeless: (failure) => log({ level: 'error', message: `projector: ${failure.detail}` }),
  })
  const sign = setInterval(() => send({ type: 'alive' }), SIGN_OF_LIFE_MS)
  port.on('message', async (message: ToWorker) => {
    if (message !== 'stop') return
    clearInterval(sign)
    await projector.stop()
    await renewal.stop()
    // Where the database does not answer, the leases run out by themselves.
    await leave(leases, owner).catch(() => undefined)
    await close()
    await store.close()
    await tracing?.close()
    port.close()
  })
  send({ type: 'started' })
}

type Renewal = Readonly<{ stop: () => Promise<void> }>

const startRenewal = async (url: string, leases: pg.Pool, owner: string): Promise<Renewal> => {
  await renew(leases, owner)
  const sign = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const counter = new Int32Array(sign)
  const beat = setInterval(() => Atomics.add(counter, 0, 1), SIGN_OF_LIFE_MS)
  const worker = new Worker(RENEWAL, { workerData: { url, owner, sign } satisfies RenewalTask })
  const ended = once(worker, 'exit')
  // Without renewals this process would lose its parts: it begins again.
  worker.on('error', (error) => {
    throw error
  })
  return {
    stop: async () => {
      clearInterval(beat)
      worker.postMessage('stop')
      await ended
    },
  }
}

await main(workerData as PostgresWorkerOptions)
