/** What properties are tried on: any JSON, any command, any history that the domain lets be. */
import fc from 'fast-check'
import { evolve } from '../../projections/current-run.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { decide } from '../../src/run/decide.ts'
import type { RunEvent } from '../../src/run/events.ts'
import type { Json, JsonObject } from '../../src/run/json.ts'
import type { Run } from '../../src/run/run.ts'
import { TERMINAL_STATUSES } from '../../src/run/terminal-status.ts'
import { at, changeStatus, complete, create, start } from './run-builders.ts'
import { rightOf } from './scenario.ts'

/** Numbers of I-JSON; without -0, which JSON writes as 0. */
const ijsonNumber = fc.oneof(
  fc.maxSafeInteger().map((number) => number + 0),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((number) => !Object.is(number, -0) && (!/^-?\d+$/.test(String(number)) || Number.isSafeInteger(number))),
)

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((any) => !/\p{Noncharacter_Code_Point}/u.test(any))
const key = fc.oneof(
  fc.constantFrom('a', 'b', 'constructor', 'toString', 'hasOwnProperty', '', '10', '2', 'a/b', '~'),
  text.filter((name) => name !== '__proto__'),
)

/** Any I-JSON, some five levels deep. */
export const { json, jsonObject } = fc.letrec<{ json: Json; jsonObject: JsonObject }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), ijsonNumber, text),
    fc.array(tie('json'), { maxLength: 4 }),
    tie('jsonObject'),
  ),
  jsonObject: fc.dictionary(key, tie('json'), { maxKeys: 5, noNullPrototype: true }),
}))

/** Few values and close together, so that they meet. */
const moment = fc.integer({ min: 0, max: 70 }).map(at)
const common = {
  command_id: fc.string({ unit: fc.constantFrom(...'aZ9 ~!'), minLength: 1, maxLength: 8 }),
  actor: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((actor) => /^\P{Cc}{1,256}$/u.test(actor)),
  occurred_at: fc.option(moment, { nil: undefined }),
  received_at: moment,
  reason: fc.option(text, { nil: undefined }),
  expected_revision: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined, freq: 8 }),
}
const metadata = { run_metadata: fc.option(jsonObject, { nil: undefined }) }

/** Any command to the run `run-1`. */
export const command: fc.Arbitrary<RunCommand> = fc.oneof(
  fc
    .record({
      ...common,
      ...metadata,
      run_group_id: fc.option(fc.constant('group:1'), { nil: undefined }),
      input_data: fc.option(jsonObject, { nil: undefined }),
    })
    .map((more) => create(more)),
  fc.record(common).map((more) => start(more)),
  fc
    .record({ ...common, ...metadata, status: fc.constantFrom('IN_REVIEW', 'WAITING', 'A_1') })
    .map((more) => changeStatus(more)),
  fc
    .record({
      ...common,
      ...metadata,
      status: fc.constantFrom(...TERMINAL_STATUSES),
      result: fc.option(text, { nil: undefined }),
    })
    .map((more) => complete(more)),
)

/** Commands as they come: mostly a create and a start first, so that there is a life to look at. */
export const commands: fc.Arbitrary<readonly RunCommand[]> = fc
  .tuple(fc.boolean(), fc.array(command, { maxLength: 20 }))
  .map(([isOpen, rest]) => (isOpen ? [create({ received_at: at(0) }), start({ received_at: at(0) }), ...rest] : rest))

/** What became of a command: its event, or null where it was refused, and the Run then. */
export type Step = Readonly<{ command: RunCommand; event: RunEvent | null; run: Run | null }>

/** Gives `commands` one after another to a new run. */
export const lived = (commands: readonly RunCommand[]): readonly Step[] => {
  let run: Run | null = null
  let revision = -1
  return commands.map((command) => {
    const decision = decide(command)({ run, revision })
    if (decision._tag === 'Left') return { command, event: null, run }
    run = rightOf(evolve(run, decision.right))
    revision += 1
    return { command, event: decision.right, run }
  })
}
