import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { sleep, unlessAborted } from '../../src/lib/abortable.ts'

const HOURS = 3_600_000

test('a sleep that nothing ends takes its whole time', async () => {
  const controller = new AbortController()
  expect(await sleep(1)).toBe(true)
  expect(await sleep(1, controller.signal)).toBe(true)
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('a sleep ends as soon as its signal aborts, and does not begin under one that has aborted', async () => {
  const controller = new AbortController()
  const asleep = sleep(HOURS, controller.signal)
  controller.abort()
  expect(await asleep).toBe(false)
  expect(await sleep(HOURS, controller.signal)).toBe(false)
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('work that ends before the signal aborts gives its result or its failure', async () => {
  const { signal } = new AbortController()
  expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7)
  await expect(unlessAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

test('work that is not done when the signal aborts gives null', async () => {
  const controller = new AbortController()
  const waiting = unlessAborted(new Promise<never>(() => undefined), controller.signal)
  controller.abort()
  expect(await waiting).toBeNull()
  expect(await unlessAborted(new Promise<never>(() => undefined), controller.signal)).toBeNull()
})
