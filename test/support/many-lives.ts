/** A log of many runs whose lives differ in all that a read model looks at. The same every time. */
import fc from 'fast-check'
import type { StoredEvent } from '../../src/event-store/event-store.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { history } from './histories.ts'
import { interleaved } from './read-model/read-models.ts'
import { at } from './run-builders.ts'

/** What plain columns may hold, and JSON and databases treat in ways of their own. */
const RESULTS = [
  'APPROVED',
  'DECLINED',
  null,
  '',
  '\0',
  'a\0b',
  '\x01',
  '\\u0000\0\x01',
  '"quoted"',
  'é𝒳\u2028',
  'a'.repeat(256),
]
const ACTORS = ['alice', 'bob', 'Ünal', 'engine']

/** `runs` runs, one after the other in the world and mixed in the log; some cannot be read to their end. */
export const manyLives = (runs: number, seed = 7): readonly StoredEvent[] => {
  const lives = fc.sample(history, { numRuns: runs, seed }).map((events, i) => events.map((event) => varied(event, i)))
  const log = interleaved(new Map(lives.map((events, i) => [`run-${i}`, events])), [3, 1, 4, 1, 5, 9, 2, 6])
  return log.map((event, n) => (n % 97 === 50 ? { ...event, type: 'RunInvented' } : event))
}

const varied = (event: RunEvent, i: number): RunEvent => {
  const pick = <T>(from: readonly T[], by: number): T => from[by % from.length] as T
  const metadata = {
    ...event.metadata,
    actor: pick(ACTORS, i + event.metadata.command_id.length),
    command_id: `${event.metadata.command_id}-${i % 40}`,
    $correlationId: i % 3 === 0 ? event.metadata.$correlationId : `request-${i % 7}`,
  }
  const occurred_at = later(event.data.occurred_at, Math.floor(i / 5) * 37)
  const varying =
    event.type === 'RunCreated'
      ? { run_group_id: pick([null, 'g-1', 'g-2', 'G-3'], i), policy_version_id: pick(['p-1', 'p-2', 'P-3'], i) }
      : event.type === 'RunCompleted'
        ? { result: pick(RESULTS, i) }
        : {}
  return { ...event, metadata, data: { ...event.data, ...varying, occurred_at } } as RunEvent
}

const later = (time: string, minutes: number): string =>
  new Date(Date.parse(time) + Date.parse(at(minutes)) - Date.parse(at(0))).toISOString()
