import { expect, test } from 'vitest'
import { byteBudget } from '../../../src/http/request/byte-budget.ts'
import { workScheduler } from '../../../src/http/response/work-scheduler.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('one page is read a turn, those for the same page together, in the order in which they asked', async () => {
  const turn = workScheduler()
  const went: string[] = []
  const all = Promise.all(
    ['a', 'b', 'a', undefined, undefined].map(async (key, n) => {
      await turn(key)
      went.push(`${n}`)
    }),
  )
  const seen: number[] = []
  while (went.length < 5) {
    await nextTurn()
    seen.push(went.length)
  }
  await all
  expect(went).toEqual(['0', '2', '1', '3', '4'])
  expect(Math.max(...seen.map((count, turnNumber) => count - (seen[turnNumber - 1] ?? 0)))).toBe(2)
})

test('while clients do not take what was read, nothing more is read', async () => {
  const budget = byteBudget(1_000)
  const request = {} as Parameters<typeof budget.add>[0]
  budget.add(request, 600)
  let went = false
  const turn = workScheduler(budget.isHalfFull)('page').then(() => {
    went = true
  })
  for (let n = 0; n < 50; n += 1) await nextTurn()
  expect(went).toBe(false)
  budget.over(request)
  await turn
  expect(went).toBe(true)
})
