import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { print } from '../../../src/cli/output/output.ts'

const isDone = async (work: Promise<void>): Promise<boolean> => {
  let done = false
  void work.then(() => {
    done = true
  })
  await nextTurn()
  return done
}

test('what is printed waits for a reader who takes no more, until there is no use in it', async () => {
  const output = new PassThrough({ highWaterMark: 10 })
  const stop = new AbortController()
  expect(await isDone(print('short', stop.signal, output))).toBe(true)
  const long = print('long enough', stop.signal, output)
  expect(await isDone(long)).toBe(false)
  const all = text(output)
  await long
  output.end()
  expect(await all).toBe('shortlong enough')

  const stuck = print('nobody reads this', stop.signal, new PassThrough({ highWaterMark: 10 }))
  expect(await isDone(stuck)).toBe(false)
  stop.abort()
  await stuck
})
