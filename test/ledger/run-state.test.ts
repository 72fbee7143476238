import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLedger } from '../../src/ledger/ledger.ts'
import { emptyState, type RunState, readOn, stateCache } from '../../src/ledger/run-state.ts'
import { changeRun, createRun, startRun } from '../support/commands.ts'
import { rightOf } from '../support/scenario.ts'
import { openStore } from '../support/stores.ts'

const MEBIBYTE = 1024 * 1024

test('the cache measures states that have grown since it took them', () => {
  const cache = stateCache()
  const states = Array.from({ length: 100 }, (): RunState => ({ ...emptyState(), revision: 1 }))
  const setAll = () => {
    for (const [n, state] of states.entries()) cache.set(`run-${n}`, state)
  }
  const held = () => states.filter((_, n) => cache.get(`run-${n}`) !== undefined).length
  setAll()
  expect(held()).toBe(100)
  for (const state of states) state.bytes = MEBIBYTE
  setAll()
  expect(held()).toBeGreaterThan(20)
  expect(held()).toBeLessThan(31)
})

test('a run that takes long to fold gives others their turn, and is left where nobody waits any more', async () => {
  const store = await openStore()
  const keys = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key-${n}`, n]))
  const changes = Array.from({ length: 100 }, (_, n) => changeRun('large', `S${n}`, { run_metadata: { n } }))
  await createLedger(store).executeBatch([createRun('large', { run_metadata: keys }), startRun('large'), ...changes])

  let turns = 0
  let reading = true
  const others = async () => {
    for (; reading; turns += 1) await nextTurn()
  }
  const state = emptyState()
  const [whole] = await Promise.all([
    readOn(store)('large', state, () => false)().finally(() => {
      reading = false
    }),
    others(),
  ])
  expect(rightOf(whole)).toBe(true)
  expect(state.revision).toBe(101)
  expect(turns).toBeGreaterThan(1)

  const cut = emptyState()
  expect(rightOf(await readOn(store)('large', cut, () => cut.revision === 10)())).toBe(false)
  expect(cut).toMatchObject({ revision: 10, run: { status: 'S8' } })
})
