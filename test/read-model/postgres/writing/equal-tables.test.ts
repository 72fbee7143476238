import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StoredEvent } from '../../../../src/event-store/event-store.ts'
import { createBatchWriter } from '../../../../src/read-model/projector/batch-writer.ts'
import { history } from '../../../support/histories.ts'
import { openPostgresStore, postgresTexts, rowTexts } from '../../../support/postgres/postgres-stores.ts'
import { contentsOf, interleaved, openOwnReadModel, storedAs } from '../../../support/read-model/read-models.ts'
import { completed, created, started } from '../../../support/run-builders.ts'
import { rightOf } from '../../../support/scenario.ts'

/** What SQLite's and PostgreSQL's tables hold of the same log, written in batches of `size`. */
const bothOf = async (log: readonly StoredEvent[], size: number, cacheCharacters: number) => {
  const sqlite = await openOwnReadModel()
  await sqlite.project(log)
  const { store, contents } = await openPostgresStore()
  rightOf(await store.beginLive())
  const marks = rightOf(await store.live.parts())
  const writer = createBatchWriter({ tables: store.live, marks, cacheCharacters })
  for (let from = 0; from < log.length; from += size) {
    const batch = log.slice(from, from + size)
    for (const event of batch) writer.add(event)
    rightOf(await writer.write(batch.at(-1)?.position as string)())
  }
  return { sqlite: rowTexts(contentsOf(sqlite.path)), postgres: postgresTexts(await contents()) }
}

test('PostgreSQL holds what SQLite holds, whatever the batches and with as little memory as there may be', async () => {
  const log = fc
    .array(history, { minLength: 1, maxLength: 8 })
    .map((lives) => interleaved(new Map(lives.map((events, i) => [`run-${i}`, events])), [3, 1, 4, 1, 5, 9]))
  await fc.assert(
    fc.asyncProperty(
      log,
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(1, 1_000_000),
      async (events, size, cache) => {
        const { sqlite, postgres } = await bothOf(events, size, cache)
        expect(postgres).toEqual(sqlite)
      },
    ),
    { numRuns: 8 },
  )
})

const ODD = [
  '\0',
  'a\0b',
  '\x01',
  '\x01\x01',
  'tab\tand\nline',
  'back\\slash',
  '\\N',
  '{"}',
  'NULL',
  '',
  '"',
  'é𝒳\u2028',
  "'",
]

test.each([1, 1_000])('odd texts come as they were, in batches of %d', async (size) => {
  const log = ODD.flatMap((text, i) => [
    storedAs(`run-${i}`, 0, i * 3 + 1, created({ input_data: { [text]: text }, run_metadata: { [`k${text}`]: text } })),
    storedAs(`run-${i}`, 1, i * 3 + 2, started()),
    storedAs(`run-${i}`, 2, i * 3 + 3, completed({ result: text })),
  ])
  const { sqlite, postgres } = await bothOf(log, size, 1)
  expect(postgres).toEqual(sqlite)
})

test('a text too long for an index of PostgreSQL is stored all the same', async () => {
  const metadata = JSON.stringify({ actor: 'x'.repeat(100_000) })
  const log = [{ ...storedAs('one', 0, 1, created()), type: 'Invented', metadata }]
  const { postgres } = await bothOf(log, 1, 1)
  expect(postgres['entries']).toHaveLength(1)
  expect(postgres['quarantine']).toHaveLength(1)
})
