import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evolve } from '../../projections/current-run.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { isJsonObject, type Json, type JsonObject } from '../../src/run/json.ts'
import type { Run } from '../../src/run/run.ts'
import { isTerminal } from '../../src/run/terminal-status.ts'
import { history } from './histories.ts'
import { rightOf } from './scenario.ts'

/** What an event did to the metadata before it. */
const kindsOf = (before: JsonObject, patch: JsonObject): readonly string[] =>
  Object.entries(patch).map(([key, value]) => {
    if (!Object.hasOwn(before, key)) return 'key added'
    if (value === null) return 'key removed'
    return isJsonObject(value) && isJsonObject(before[key]) ? 'nested merge' : 'key replaced'
  })

const featuresOf = (events: readonly RunEvent[]): readonly string[] => {
  const features: string[] = []
  let run: Run | null = null
  for (const event of events) {
    const patch = event.type === 'RunCreated' || !('run_metadata' in event.data) ? undefined : event.data.run_metadata
    if (patch !== undefined) features.push(...kindsOf(run?.run_metadata ?? {}, patch))
    features.push(event.type, `time from ${event.metadata.occurred_at_from}`, `via ${event.metadata.recorded_by.via}`)
    features.push(event.metadata.recorded_by.principal === null ? 'no principal' : 'principal')
    if (run !== null && event.data.occurred_at > run.last_updated_at) features.push('time goes on')
    run = rightOf(evolve(run, event))
  }
  if (run !== null && isTerminal(run.status)) features.push('completed')
  if (JSON.stringify((run?.run_metadata ?? null) as Json).length > 2_048) features.push('more than 2 KiB of metadata')
  if (events.length > 4) features.push('more than four events')
  return features
}

test('a thousand histories hold enough of everything that happens to runs', () => {
  const counted = new Map<string, number>()
  for (const events of fc.sample(history, { numRuns: 1_000, seed: 1 }))
    for (const feature of featuresOf(events)) counted.set(feature, (counted.get(feature) ?? 0) + 1)
  const least = {
    ...{ RunCreated: 1_000, RunStarted: 600, RunStatusChanged: 1_500, RunCompleted: 400, completed: 400 },
    ...{ 'more than four events': 350, 'time goes on': 1_500, 'more than 2 KiB of metadata': 150 },
    ...{ 'key added': 300, 'key removed': 150, 'key replaced': 150, 'nested merge': 60 },
    ...{ 'time from caller': 500, 'time from clock': 500, 'time from lifted': 300 },
    ...{ 'via http': 500, 'via import': 500, 'via cli': 500, principal: 1_000, 'no principal': 500 },
  }
  const missing = Object.entries(least).filter(([feature, count]) => (counted.get(feature) ?? 0) < count)
  expect(missing.map(([feature, count]) => `${feature}: ${counted.get(feature)}, not ${count}`)).toEqual([])
})
