import { expect, test } from 'vitest'
import { evolve } from '../../projections/current-run.ts'
import { advance, emptyState, type RunState } from '../../src/ledger/run-state.ts'
import { stateCache } from '../../src/ledger/state-cache.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { MAX_METADATA_BYTES } from '../../src/run/run.ts'
import { changed, created, metadata, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const MEBIBYTE = 1024 * 1024

/** A state after `events`, each under a command id of its own. */
const stateAfter = (events: readonly RunEvent[]): RunState => {
  const state = emptyState()
  for (const [n, event] of events.entries()) {
    const known = { ...event, metadata: metadata({ command_id: `command-${n}` }) }
    advance(
      state,
      rightOf(evolve(state.run, known)),
      known,
      JSON.stringify(event.data).length,
      String(n).padStart(20, '0'),
    )
  }
  return state
}

const held = (make: () => RunState, runs: number, budget = MEBIBYTE): number => {
  const cache = stateCache(budget)
  const names = Array.from({ length: runs }, (_, n) => `run-${n}`)
  for (const name of names) cache.set(name, make())
  return names.filter((name) => cache.get(name) !== undefined).length
}

test('how many events led to a state costs it four bytes each: a hundred take less than a tenth more', () => {
  const short = [created(), started()]
  const long = [...short, ...Array.from({ length: 25 }, () => changed())]
  const few = held(() => stateAfter(short), 2_000)
  expect(few).toBeGreaterThan(500)
  expect(few).toBeLessThan(2_000)
  expect(held(() => stateAfter(long), 2_000)).toBeGreaterThan(few * 0.9)
})

test('patches that replace one another cost what they leave, not what they were', () => {
  const text = 'x'.repeat(4_000)
  const patched = (patches: number) => [
    created(),
    started(),
    ...Array.from({ length: patches }, (_, n) => changed({ run_metadata: { text: `${n}${text}` } })),
  ]
  const once = held(() => stateAfter(patched(1)), 300)
  expect(held(() => stateAfter(patched(100)), 300)).toBeGreaterThan(once / 4)
})

test('a state that has grown since it was put into the cache is measured again', () => {
  const cache = stateCache(MEBIBYTE)
  const states = Array.from({ length: 100 }, () => stateAfter([created(), started()]))
  const setAll = () => {
    for (const [n, state] of states.entries()) cache.set(`run-${n}`, state)
  }
  const count = () => states.filter((_, n) => cache.get(`run-${n}`) !== undefined).length
  setAll()
  expect(count()).toBe(100)
  for (const state of states) state.bytes = MAX_METADATA_BYTES / 4
  setAll()
  expect(count()).toBeGreaterThan(2)
  expect(count()).toBeLessThan(10)
})

test('runs that were only created push out none that are in use', () => {
  const cache = stateCache(MEBIBYTE)
  const active = stateAfter([created(), started()])
  cache.set('active', active)
  for (let n = 0; n < 5_000; n += 1) cache.set(`created-${n}`, stateAfter([created()]))
  expect(cache.get('active')).toBe(active)
  expect(cache.get('created-0')).toBeUndefined()
  expect(cache.get('created-4999')).toBeDefined()
})

test('a cache without a budget holds nothing', () => {
  const cache = stateCache(0)
  cache.set('run', stateAfter([created(), started()]))
  expect(cache.get('run')).toBeUndefined()
})
