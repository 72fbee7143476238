import { right } from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { START } from '../../../src/event-store/event-store.ts'
import {
  type EntryBatch,
  type EntrySource,
  followEntries,
  sharedByTurn,
} from '../../../src/read-model/queries/follow-entries.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import { openOwnReadModel, positionAt, storedAs } from '../../support/read-model/read-models.ts'
import { completed, created, started } from '../../support/run-builders.ts'

const LIFE: readonly RunEvent[] = [created(), started(), completed()]

/** A read model with whole lives of runs in it, the n-th of them `run-n`. */
const withRuns = async (runs: number) => {
  const own = await openOwnReadModel()
  const eventsOf = (n: number) =>
    LIFE.map((event, revision) => storedAs(`run-${n}`, revision, n * 3 + revision + 1, event))
  for (let n = 0; n < runs; n += 1) await own.project(eventsOf(n))
  return { ...own, projectNext: (n: number) => own.project(eventsOf(n)) }
}

const following = (source: EntrySource, from = START, idle = 60_000) => {
  const ending = new AbortController()
  onTestFinished(() => ending.abort())
  return { ending, batches: followEntries(source, {}, { from, signal: ending.signal, idle }) }
}

const next = async (batches: AsyncGenerator<EntryBatch, void, undefined>): Promise<EntryBatch> => {
  const batch = await batches.next()
  if (batch.done) throw new Error('it ended')
  return batch.value
}

const positionsIn = ({ entries }: EntryBatch) => entries.map(({ position }) => position)

test('what is there comes first, then what is written', async () => {
  const { readModel, projectNext } = await withRuns(2)
  const { batches } = following(readModel, positionAt(2))
  expect(positionsIn(await next(batches))).toEqual([3, 4, 5, 6].map(positionAt))
  const live = next(batches)
  projectNext(2)
  expect(positionsIn(await live)).toEqual([7, 8, 9].map(positionAt))
})

test('where nothing comes, an empty batch tells the position all the same', async () => {
  const { readModel } = await withRuns(1)
  const { batches } = following(readModel, START, 20)
  await next(batches)
  expect(await next(batches)).toEqual({ position: positionAt(3), entries: [] })
})

test('the signal ends it at once, though it waits', async () => {
  const { readModel } = await withRuns(1)
  const { batches, ending } = following(readModel)
  await next(batches)
  const waiting = batches.next()
  ending.abort()
  expect((await waiting).done).toBe(true)
})

test('tables that are behind those before them repeat nothing', async () => {
  const { readModel, projectNext } = await withRuns(2)
  let reads = 0
  const replaced: EntrySource = {
    waitFor: readModel.waitFor,
    // The second read meets tables that do not hold the last run yet.
    listEntries: (query) => {
      reads += 1
      return reads === 2
        ? async () => right({ position: positionAt(3), entries: [], next: null })
        : readModel.listEntries(query)
    },
  }
  const { batches } = following(replaced, START, 10)
  expect((await next(batches)).position).toBe(positionAt(6))
  expect(await next(batches)).toEqual({ position: positionAt(6), entries: [] })
  projectNext(2)
  let batch = await next(batches)
  while (batch.entries.length === 0) batch = await next(batches)
  expect(positionsIn(batch)).toEqual([7, 8, 9].map(positionAt))
})

test('many who follow at the same place ask once', async () => {
  const { readModel, projectNext } = await withRuns(1)
  let reads = 0
  const source = sharedByTurn({
    waitFor: readModel.waitFor,
    listEntries: (query) => {
      reads += 1
      return readModel.listEntries(query)
    },
  })
  const followers = Array.from({ length: 20 }, () => following(source).batches)
  await Promise.all(followers.map(next))
  expect(reads).toBe(1)
  const live = Promise.all(followers.map(next))
  projectNext(1)
  for (const batch of await live) expect(positionsIn(batch)).toEqual([4, 5, 6].map(positionAt))
  expect(reads).toBe(2)
})
