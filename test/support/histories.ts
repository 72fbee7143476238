/** Histories of runs: each command is drawn from the run as folded so far, so that nearly all are accepted and lives are whole. */
import fc from 'fast-check'
import { evolve } from '../../projections/current-run.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { decide } from '../../src/run/decide.ts'
import { type RecordedBy, type RunEvent, VIA } from '../../src/run/events.ts'
import { isJsonObject, type Json, type JsonObject } from '../../src/run/json.ts'
import type { Run } from '../../src/run/run.ts'
import { isTerminal, TERMINAL_STATUSES } from '../../src/run/terminal-status.ts'
import { json, jsonObject } from './arbitraries.ts'
import { at, changeStatus, complete, create, start } from './run-builders.ts'
import { rightOf } from './scenario.ts'

/** What a patch does to one key: `key` picks among those that are there. */
const edit = fc.record({
  how: fc.constantFrom('add', 'remove', 'replace', 'merge', 'remove-inside'),
  key: fc.nat(),
  name: fc.constantFrom('a', 'b', 'nested', 'a/b', 'constructor', '~'),
  value: json,
})
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

/** Random numbers and values that the run's state makes a command of. */
const choice = fc.record({
  what: fc.nat(99),
  minutes: fc.oneof(fc.constant(0), fc.nat(60)),
  time: fc.constantFrom('clock', 'caller', 'behind'),
  metadata: fc.option(jsonObject),
  edits: fc.option(fc.array(edit, { minLength: 1, maxLength: 3 })),
  isLarge: fc.nat(7).map((one) => one === 0),
  status: fc.constantFrom('IN_REVIEW', 'WAITING', 'A_1'),
  terminal: fc.constantFrom(...TERMINAL_STATUSES),
  result: fc.option(fc.string({ maxLength: 12 }), { nil: undefined }),
  reason: fc.option(fc.string({ maxLength: 12 }), { nil: undefined }),
  recorded_by: fc.record<RecordedBy>(
    { principal: fc.constantFrom(null, 'intake', 'é'), via: fc.constantFrom(...VIA) },
    { noNullPrototype: true },
  ),
})
type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never

const LARGE = 'x'.repeat(3_000)

/** The events of a run that can be: it begins, and most are started, change and end. */
export const history: fc.Arbitrary<readonly RunEvent[]> = fc
  .array(choice, { minLength: 1, maxLength: 14, size: 'max' })
  .map((choices) => {
    const events: RunEvent[] = []
    let run: Run | null = null
    let minute = 0
    for (const [n, one] of choices.entries()) {
      if (run !== null && isTerminal(run.status)) break
      minute += one.minutes
      const decided = decide(commandOf(run, one, n, minute))({ run, revision: events.length - 1 })
      if (decided._tag === 'Left') continue
      run = rightOf(evolve(run, decided.right))
      events.push(decided.right)
    }
    return events
  })

const commandOf = (run: Run | null, one: Choice, n: number, minute: number): RunCommand => {
  const { reason, recorded_by, status, terminal, result, what } = one
  // A clock behind the run's own time lifts it.
  const received_at = at(one.time === 'behind' ? minute - 90 : minute)
  const occurred_at = one.time === 'caller' ? at(minute) : undefined
  const common = {
    command_id: `command-${n}`,
    correlation_id: `command-${n}`,
    received_at,
    occurred_at,
    reason,
    recorded_by,
  }
  const large = one.isLarge ? { large: LARGE } : {}
  if (run === null) return create({ ...common, run_metadata: { ...one.metadata, ...large }, input_data: { n } })
  const run_metadata = one.edits === null ? undefined : { ...patchOf(run.run_metadata, one.edits), ...large }
  if (run.status === 'PENDING' && what < 85) return start(common)
  if (run.status === 'PENDING')
    return complete({ ...common, status: what < 92 ? 'FAILURE' : 'CANCELLED', run_metadata })
  return what < 85
    ? changeStatus({ ...common, status, run_metadata })
    : complete({ ...common, status: terminal, result, run_metadata })
}

/** A patch of keys that are there, but for those that it adds. */
const patchOf = (metadata: JsonObject, edits: readonly Edit[]): JsonObject =>
  Object.fromEntries(edits.map((one) => memberOf(metadata, one)))

const memberOf = (metadata: JsonObject, { how, key, name, value }: Edit): [string, Json] => {
  const keys = Object.keys(metadata)
  const picked = keys[key % keys.length]
  if (how === 'add' || picked === undefined) return [name, value]
  const there = metadata[picked]
  if (how === 'remove') return [picked, null]
  if (how === 'replace' || !isJsonObject(there)) return [picked, how === 'merge' ? { [name]: value } : value]
  const [inside = name] = Object.keys(there)
  return [picked, { [inside]: how === 'merge' ? value : null, [name]: how === 'merge' ? value : null }]
}

/** A history, and an event that is well-formed but cannot come after it. */
export const violated: fc.Arbitrary<Readonly<{ events: readonly RunEvent[]; wrong: RunEvent }>> = fc
  .tuple(history, history, fc.nat())
  .map(([events, others, pick]) => {
    const run = events.reduce<Run | null>((before, event) => rightOf(evolve(before, event)), null)
    const wrong = others.filter((event) => evolve(run, event)._tag === 'Left')
    return { events, wrong: wrong[pick % wrong.length] as RunEvent }
  })
