import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLedger } from '../../src/ledger/ledger.ts'
import { emptyState, readOn } from '../../src/ledger/run-state.ts'
import { changeRun, createRun, startRun } from '../support/commands.ts'
import { rightOf } from '../support/scenario.ts'
import { openStore } from '../support/stores.ts'

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
