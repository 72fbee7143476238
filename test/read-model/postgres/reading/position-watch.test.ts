import { expect, onTestFinished, test } from 'vitest'
import { createPositionWatch } from '../../../../src/read-model/postgres/reading/position-watch.ts'
import { positionAt } from '../../../support/read-model/read-models.ts'

const watchOver = () => {
  const source = {
    reached: positionAt(1) as string | null,
    looks: 0,
    notified: (): void => {},
    isListening: false,
  }
  const watch = createPositionWatch({
    position: async () => {
      source.looks += 1
      return source.reached
    },
    listen: (notified) => {
      source.notified = notified
      source.isListening = true
      return () => {
        source.isListening = false
      }
    },
  })
  onTestFinished(watch.close)
  return { source, watch }
}

test('a position that is reached already is not waited for', async () => {
  const { watch } = watchOver()
  expect(await watch.waitFor(positionAt(1), 60_000)).toBe(true)
})

test('who waits is woken by a notification, and all of them by one look', async () => {
  const { source, watch } = watchOver()
  const waiting = Array.from({ length: 100 }, () => watch.waitFor(positionAt(2), 60_000))
  await expect.poll(() => source.looks).toBe(1)
  source.reached = positionAt(2)
  source.notified()
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => true))
  expect(source.looks).toBeLessThanOrEqual(3)
})

test('where no notification comes, the positions are looked at now and then', async () => {
  const { source, watch } = watchOver()
  const waiting = watch.waitFor(positionAt(2), 60_000)
  await expect.poll(() => source.looks).toBe(1)
  source.reached = positionAt(2)
  expect(await waiting).toBe(true)
})

test('waiting ends with its time, also while the positions cannot be read', async () => {
  const { source, watch } = watchOver()
  source.reached = null
  expect(await watch.waitFor(positionAt(1), 20)).toBe(false)
})

test('closing ends all waiting and listening', async () => {
  const { source, watch } = watchOver()
  const waiting = watch.waitFor(positionAt(2), 60_000)
  watch.close()
  expect(await waiting).toBe(false)
  expect(source.isListening).toBe(false)
})
