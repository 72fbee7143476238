/** A thread that answers the queries which look at many rows, so that no other request waits for them. */
import { setPriority } from 'node:os'
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { LARGE } from '../../queries/keyset-pagination.ts'
import type { ReadModelUnavailable } from '../../read-model.ts'
import { checkpointPosition, positionOf } from '../checkpoint.ts'
import { openForReading, prepare } from '../database.ts'
import { type Connection, createConnection, unavailable } from './connection.ts'
import { type Answerers, type AnswerTo, createAnswerers, type QueryOf, type QuestionName } from './questions.ts'
import { reading } from './read-failure.ts'
import { inReadTransaction } from './tick-transaction.ts'

export type QueryTask<Name extends QuestionName = QuestionName> = Readonly<{
  path: string
  /** Of the thread, the same with every task. */
  priority: number
  name: Name
  query: QueryOf<Name>
}>

/** The answer to a task, or why the file cannot be read. */
export const answer = <Name extends QuestionName>({
  path,
  priority,
  name,
  query,
}: QueryTask<Name>): E.Either<ReadModelUnavailable, AnswerTo<Name>> => {
  lowerPriority(priority)
  return pipe(
    connectionTo(path),
    E.flatMap((to) =>
      to.use(({ db, answerers, position }) =>
        inReadTransaction(db, () => {
          const answered = answerers[name](query, LARGE)
          if (answered === null) throw new Error('the large budget sets no end to a query')
          return { position: position(), ...answered } as AnswerTo<Name>
        }),
      ),
    ),
  )
}

let isLowered = false

const lowerPriority = (priority: number): void => {
  // Elsewhere this would be the priority of the whole process.
  if (!isLowered && priority !== 0 && process.platform === 'linux') setPriority(priority)
  isLowered = true
}

type Reads = Readonly<{ db: DatabaseSync; answerers: Answerers; position: () => string }>

// A thread serves one path for all its life.
let connection: Connection<Reads> | null = null

const connectionTo = (path: string): E.Either<ReadModelUnavailable, Connection<Reads>> =>
  connection !== null
    ? E.right(connection)
    : pipe(
        openForReading(path),
        E.mapLeft(unavailable),
        E.flatMap((db) => reading(() => createConnection(path, db, readsOn))),
        E.map((made) => {
          connection = made
          return made
        }),
      )

const readsOn = (db: DatabaseSync): Reads => {
  const checkpoint = prepare(db, checkpointPosition())
  return { db, answerers: createAnswerers(db), position: () => positionOf(checkpoint) }
}
