/** A thread that answers the queries which look at many rows, so that no other request waits for them. */
import type { DatabaseSync } from 'node:sqlite'
import { type Either, flatMap, map, mapLeft, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { LARGE } from '../../queries/keyset-pagination.ts'
import type { ReadModelUnavailable } from '../../read-model.ts'
import { checkpointPosition, positionOf } from '../checkpoint.ts'
import { openForReading, prepare } from '../database.ts'
import { type Answerers, type AnswerTo, createAnswerers, type QueryOf, type QuestionName } from './questions.ts'
import { reading } from './read-failure.ts'
import { inReadTransaction } from './tick-transaction.ts'

export type QueryTask<Name extends QuestionName = QuestionName> = Readonly<{
  path: string
  name: Name
  query: QueryOf<Name>
}>

/** The answer to a task, or why the file cannot be read. */
export const answer = <Name extends QuestionName>({
  path,
  name,
  query,
}: QueryTask<Name>): Either<ReadModelUnavailable, AnswerTo<Name>> =>
  pipe(
    opened(path),
    flatMap(({ db, answerers, position }) =>
      reading(() =>
        inReadTransaction(db, () => {
          const answered = answerers[name](query, LARGE)
          if (answered === null) throw new Error('the large budget sets no end to a query')
          return { position: position(), ...answered } as AnswerTo<Name>
        }),
      ),
    ),
  )

type Opened = Readonly<{ db: DatabaseSync; answerers: Answerers; position: () => string }>

// A thread serves one file for all its life.
let file: Opened | null = null

const opened = (path: string): Either<ReadModelUnavailable, Opened> =>
  file !== null
    ? right(file)
    : pipe(
        openForReading(path),
        flatMap((db) => reading(() => readersOf(db))),
        map((readers) => {
          file = readers
          return readers
        }),
        mapLeft(unavailable),
      )

const readersOf = (db: DatabaseSync): Opened => {
  const checkpoint = prepare(db, checkpointPosition())
  return { db, answerers: createAnswerers(db), position: () => positionOf(checkpoint) }
}

const unavailable = ({ _tag, ...failure }: Readonly<{ _tag: string; detail?: string }>): ReadModelUnavailable => ({
  _tag: 'ReadModelUnavailable',
  detail: failure.detail ?? _tag,
})
