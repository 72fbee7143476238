/** Work on a connection of the pool, within a limit of time, and once more where the connection was lost. */
import * as E from 'fp-ts/lib/Either.js'
import type pg from 'pg'
import type { Answer, ReadModelFailure } from '../../read-model.ts'
import { hasServerAnswered, isWorthAnotherTry, readFailureOf, tookTooLong } from './read-failure.ts'

/** After this a question has failed, whatever the server and the network do. */
const LIMIT_MS = 9_000
/** A question that has failed sooner than this is asked again: a server that restarts has closed all connections of the pool. */
const AGAIN_WITHIN_MS = 2_000
const MOST_TRIES = 3

export type Work<Result> = (client: pg.ClientBase) => Promise<Result>

/** What `work` returns, which needs no transaction. */
export const answerOn =
  <Result>(pool: pg.Pool, work: Work<Result>): Answer<Result> =>
  () =>
    tried(pool, work, null)

/** What `work` returns, which begins a transaction: it ends after the answer. */
export const answerInTransaction =
  <Result>(pool: pg.Pool, work: Work<Result>): Answer<Result> =>
  () =>
    tried(pool, work, 'COMMIT')

type End = 'COMMIT' | 'ROLLBACK'

const tried = async <Result>(
  pool: pg.Pool,
  work: Work<Result>,
  end: End | null,
): Promise<E.Either<ReadModelFailure, Result>> => {
  const begin = performance.now()
  const elapsed = () => performance.now() - begin
  for (let tries = 1; ; tries += 1) {
    try {
      return E.right(await onConnection(pool, work, end, LIMIT_MS - elapsed()))
    } catch (error) {
      if (elapsed() >= LIMIT_MS) return E.left(tookTooLong(LIMIT_MS))
      if (tries >= MOST_TRIES || elapsed() >= AGAIN_WITHIN_MS || !isWorthAnotherTry(error))
        return E.left(readFailureOf(error))
    }
  }
}

const onConnection = async <Result>(
  pool: pg.Pool,
  work: Work<Result>,
  end: End | null,
  limitMs: number,
): Promise<Result> => {
  const client = await pool.connect()
  let isReleased = false
  const release = (isBroken: boolean): void => {
    if (!isReleased) client.release(isBroken)
    isReleased = true
  }
  // Closing the connection fails the statement that is under way.
  const limit = setTimeout(release, limitMs, true)
  try {
    const result = await work(client)
    clearTimeout(limit)
    if (end === null) release(false)
    else void ended(client, end).then(release)
    return result
  } catch (error) {
    clearTimeout(limit)
    if (hasServerAnswered(error)) void ended(client, 'ROLLBACK').then(release)
    else release(true)
    throw error
  }
}

/** Whether the connection is broken after it. Nobody waits for this. */
const ended = (client: pg.ClientBase, end: End): Promise<boolean> =>
  client.query(end).then(
    () => false,
    () => true,
  )
