/** Keeps the projector's worker thread alive, and carries questions to it and answers back. */
import { Worker } from 'node:worker_threads'
import { left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ProjectorFailure, ProjectorLog, ProjectorStopped } from './projector.ts'
import type { FromWorker, Request, ToWorker } from './worker-messages.ts'

export type WorkerSupervisor = Readonly<{
  /** Null once the worker follows the log, else why it does not. */
  started: Promise<ProjectorFailure | null>
  alive: () => boolean
  ask: <Answer>(request: Request) => TaskEither<ProjectorStopped, Answer>
  stop: () => Promise<void>
}>

type Question = Readonly<{ request: Request; answer: (value: unknown) => void; stopped: () => void }>

// An index over many millions of rows may keep the worker busy for that long.
const SILENT_MS = 60_000
// Collected sooner than the thread would by itself: half the memory, the same speed.
const MEMORY = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 512 } as const
const RESTART = { firstMs: 200, longestMs: 10_000 } as const

export type SupervisorOptions<Data> = Readonly<{
  /** The file that runs as the worker. */
  worker: URL
  data: Data
  /** For a worker that takes the place of one that died. */
  dataAgain: Data
  onRebuilt?: ((events: number) => void) | undefined
  log?: ProjectorLog | undefined
}>

export const superviseWorker = <Data>(options: SupervisorOptions<Data>): WorkerSupervisor => {
  const { onRebuilt, log } = options
  const questions = new Map<number, Question>()
  const started = Promise.withResolvers<ProjectorFailure | null>()
  let worker: Worker | null = null
  let lastSign = Date.now()
  let lastId = 0
  let deaths = 0
  let stopping: Promise<void> | null = null
  let restart: NodeJS.Timeout | undefined

  const send = (message: ToWorker): void => worker?.postMessage(message)

  const receive = (message: FromWorker): void => {
    lastSign = Date.now()
    switch (message.type) {
      case 'started':
        deaths = 0
        started.resolve(null)
        break
      case 'refused':
        log?.({ level: 'error', message: `projector: ${JSON.stringify(message.failure)}` })
        started.resolve(message.failure)
        break
      case 'answer':
        questions.get(message.id)?.answer(message.value)
        questions.delete(message.id)
        break
      case 'rebuilt':
        onRebuilt?.(message.events)
        break
      case 'log':
        log?.(message.entry)
        break
      case 'alive':
        break
      default:
        message satisfies never
    }
  }

  const spawn = (workerData: Data): void => {
    const born = new Worker(options.worker, { workerData, resourceLimits: MEMORY })
    worker = born
    born.on('message', receive)
    born.on('error', (error) => {
      log?.({ level: 'error', message: `projector: ${(error as Error).stack ?? String(error)}` })
      // Not while it kept the tables: that the program cannot run it at all is no failure to expect.
      started.reject(error)
    })
    born.on('exit', () => {
      worker = null
      if (stopping !== null) return
      const wait = Math.min(RESTART.longestMs, RESTART.firstMs * 2 ** deaths) * (0.5 + Math.random() / 2)
      deaths += 1
      log?.({ level: 'error', message: `projector: the worker died, and is started again in ${Math.round(wait)} ms` })
      restart = setTimeout(() => spawn(options.dataAgain), wait)
    })
    for (const [id, { request }] of questions) send({ id, request })
  }

  const ask =
    <Answer>(request: Request): TaskEither<ProjectorStopped, Answer> =>
    () =>
      new Promise((resolve) => {
        const stopped = () => resolve(left({ _tag: 'ProjectorStopped' }))
        if (stopping !== null) return stopped()
        lastId += 1
        questions.set(lastId, { request, answer: (value) => resolve(right(value as Answer)), stopped })
        send({ id: lastId, request })
      })

  const stop = async (): Promise<void> => {
    clearTimeout(restart)
    const ended = new Promise<unknown>((resolve) => (worker === null ? resolve(null) : worker.once('exit', resolve)))
    send('stop')
    await ended
    for (const { stopped } of questions.values()) stopped()
    questions.clear()
  }

  spawn(options.data)
  return {
    started: started.promise.then(async (failure) => {
      if (failure !== null) {
        stopping ??= stop()
        await stopping
      }
      return failure
    }),
    alive: () => stopping === null && worker !== null && Date.now() - lastSign < SILENT_MS,
    ask,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}
