/** Both databases give the same answers. By hand over a file of commands: LOANS=FILE npx vitest run test/read-model/equal-answers.test.ts */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EventStore, START, type StoredEvent } from '../../src/event-store/event-store.ts'
import { manyLives } from '../support/many-lives.ts'
import { openOwnPostgres } from '../support/postgres/postgres-read-models.ts'
import { startProgram } from '../support/processes/program.ts'
import { openOwnReadModel } from '../support/read-model/read-models.ts'
import { answerTo, questionsOf } from '../support/read-model/read-questions.ts'
import { openStore, testDirectory } from '../support/stores.ts'

const LOANS = process.env['LOANS']

const HOURS = 3_600_000

test(
  'PostgreSQL gives SQLite’s answers, byte for byte, to questions of every kind, each walked to its end',
  async () => {
    const log = LOANS === undefined ? manyLives(120) : await imported(LOANS)
    const [sqlite, postgres] = [await openOwnReadModel(), await openOwnPostgres()]
    for (let from = 0; from < log.length; from += BATCH) {
      const batch = log.slice(from, from + BATCH)
      await sqlite.project(batch)
      await postgres.project(batch)
    }
    const asked = log.filter((_, i) => i % Math.ceil(log.length / 10_000) === 0)
    await fc.assert(
      fc.asyncProperty(questionsOf(asked), async (question) => {
        expect(await answerTo(postgres.readModel, question)).toEqual(await answerTo(sqlite.readModel, question))
      }),
      { numRuns: 300 },
    )
  },
  LOANS === undefined ? undefined : 2 * HOURS,
)

const BATCH = 1_000

/** The events that the program makes of a file of commands. */
const imported = async (file: string): Promise<readonly StoredEvent[]> => {
  const data = join(testDirectory(), 'data')
  expect(await startProgram('import', file, '--data', data).ended).toMatchObject({ status: 0 })
  return everyEvent(await openStore(data, 'read'))
}

const everyEvent = async (store: EventStore): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const batch of store.subscribe({ from: START, signal: new AbortController().signal })) {
    for (const event of batch.events) events.push(event)
    if (batch.caughtUp) break
  }
  return events
}
