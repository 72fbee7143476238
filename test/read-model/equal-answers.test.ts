import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manyLives } from '../support/many-lives.ts'
import { openOwnPostgres } from '../support/postgres-read-models.ts'
import { openOwnReadModel } from '../support/read-models.ts'
import { answerTo, questionsOf } from '../support/read-questions.ts'

test('PostgreSQL gives SQLite’s answers, byte for byte, to questions of every kind, each walked to its end', async () => {
  const log = manyLives(120)
  const sqlite = await openOwnReadModel()
  await sqlite.project(log)
  const postgres = await openOwnPostgres()
  await postgres.project(log)
  await fc.assert(
    fc.asyncProperty(questionsOf(log), async (question) => {
      expect(await answerTo(postgres.readModel, question)).toEqual(await answerTo(sqlite.readModel, question))
    }),
    { numRuns: 300 },
  )
})
