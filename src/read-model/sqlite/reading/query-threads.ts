/** A few threads for the queries that look at many rows, started when the first one comes. */
import { extname } from 'node:path'
import { type Either, left } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Piscina } from 'piscina'
import type { ReadModelFailure } from '../../read-model.ts'
import type { QueryTask } from './query-worker.ts'
import type { AnswerTo, QueryOf, QuestionName } from './questions.ts'

export type QueryThreads = Readonly<{
  ask: <Name extends QuestionName>(name: Name, query: QueryOf<Name>) => TaskEither<ReadModelFailure, AnswerTo<Name>>
  /** Starts a thread and has it open the file, so that the first query does not wait for that. */
  start: () => Promise<void>
  close: () => Promise<void>
}>

/** How many queries run at once, how many may wait, how long one may take with its waiting, and who goes first: the lower. */
export type QueryThreadLimits = Readonly<{ threads: number; waiting: number; ms: number; priority: number }>

const IDLE_MS = 60_000

// The published program is compiled, a clone runs as it is.
const WORKER = new URL(`./query-worker${extname(import.meta.url)}`, import.meta.url)

export const createQueryThreads = (path: string, limits: QueryThreadLimits): QueryThreads => {
  let threads: Promise<Piscina> | null = null

  const ask =
    <Name extends QuestionName>(name: Name, query: QueryOf<Name>): TaskEither<ReadModelFailure, AnswerTo<Name>> =>
    async () => {
      threads ??= startPool(limits)
      const pool = await threads
      const limit = AbortSignal.timeout(limits.ms)
      try {
        const task: QueryTask<Name> = { path, priority: limits.priority, name, query }
        return (await pool.run(task, { signal: limit, name: 'answer' })) as Either<ReadModelFailure, AnswerTo<Name>>
      } catch (error) {
        if (limit.aborted && nameOf(error) === 'AbortError') return busy(`the query took longer than ${limits.ms} ms`)
        if (messageOf(error) === QUEUE_FULL) return busy(`${limits.waiting} queries are waiting already`)
        throw error
      }
    }

  const start = async (): Promise<void> => {
    // Whatever is wrong, the first query meets it, too, and has someone to tell.
    await ask('stats', NOTHING)().catch(() => undefined)
  }

  return { ask, start, close: async () => (await threads)?.destroy() }
}

/** A query that finds nothing. */
const NOTHING = { policy_version_id: '', bucket: 'total' } as const

const startPool = async (limits: QueryThreadLimits): Promise<Piscina> => {
  const { Piscina } = await import('piscina')
  return new Piscina({
    filename: WORKER.href,
    // One stays: a thread takes the better part of a second to start, more on a busy machine.
    minThreads: 1,
    maxThreads: limits.threads,
    maxQueue: limits.waiting,
    idleTimeout: IDLE_MS,
  })
}

// piscina's own refusals differ from a bug in a query by their texts alone.
const QUEUE_FULL = 'Task queue is at limit'

const nameOf = (error: unknown): string | null => (error instanceof Error ? error.name : null)
const messageOf = (error: unknown): string | null => (error instanceof Error ? error.message : null)

const busy = (detail: string) => left({ _tag: 'ReadModelBusy' as const, detail })
