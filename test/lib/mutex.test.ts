import { expect, test } from 'vitest'
import { createKeyedMutex, createMutex } from '../../src/lib/mutex.ts'

test('work runs one piece at a time, in the order of asking', async () => {
  const exclusive = createMutex()
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const seen: string[] = []
  const works = gates.map(({ promise }, at) =>
    exclusive(async () => {
      seen.push(`begin ${at}`)
      await promise
      seen.push(`end ${at}`)
      return at
    }),
  )
  gates[1]?.resolve()
  await new Promise(setImmediate)
  expect(seen).toEqual(['begin 0'])
  gates[0]?.resolve()
  expect(await Promise.all(works)).toEqual([0, 1])
  expect(seen).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1'])
})

test('a failure reaches whoever gave the work, and the next piece runs', async () => {
  const exclusive = createMutex()
  const failed = exclusive(() => {
    throw new Error('broken')
  })
  const next = exclusive(() => 'done')
  await expect(failed).rejects.toThrow('broken')
  expect(await next).toBe('done')
})

test('work under different keys does not wait for each other', async () => {
  const exclusive = createKeyedMutex()
  const gate = Promise.withResolvers<void>()
  const held = exclusive('a', () => gate.promise)
  expect(await exclusive('b', () => 'b')).toBe('b')
  gate.resolve()
  await held
})
