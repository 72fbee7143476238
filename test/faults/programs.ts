/** Programs of what two ledgers are asked while their store fails: a step after another, none waited for. */
import fc from 'fast-check'
import type { Fault } from '../support/eventstoredb/faults.ts'

export type Kind = 'create' | 'start' | 'change' | 'complete'

/** `run` and `kind` are of a command, `ledger` is who gets it. */
type Asked = Readonly<{ ledger: number; run: string; kind: Kind }>

export type Step =
  | (Asked & Readonly<{ do: 'execute' }>)
  | Readonly<{ do: 'batch'; ledger: number; commands: readonly Omit<Asked, 'ledger'>[] }>
  /** A command of before comes again, maybe to the other ledger, maybe while it is still under way. */
  | Readonly<{ do: 'repeat'; ledger: number; which: number }>
  | Readonly<{ do: 'wait'; ms: number }>
  /** Hits the next calls of its kind at every node. */
  | Readonly<{ do: 'fault'; fault: Fault }>
  | Readonly<{ do: 'cut'; node: number }>
  | Readonly<{ do: 'freeze' | 'restart'; node: number; ms: number }>
  /** Another leader, or none for a while. */
  | Readonly<{ do: 'elect'; leader: number | null }>
  /** Writes of this time are stored and not replicated; then they are, or a new leader never had them. */
  | Readonly<{ do: 'unreplicated'; ms: number; lost: boolean }>

export type FaultProgram = Readonly<{
  nodes: number
  steps: readonly Step[]
  /** How long the faults stay after the last step, in ms. */
  linger: number
}>

const NODES = 3
const ledger = fc.nat(1)
const node = fc.nat(NODES - 1)
const asked = {
  run: fc.constantFrom('a', 'a', 'b'),
  kind: fc.constantFrom<Kind>('create', 'start', 'start', 'change', 'change', 'change', 'complete'),
}

const fault = fc.record<Fault>({
  on: fc.constantFrom('append', 'append', 'append', 'read', 'subscribe', 'gossip', 'features'),
  times: fc.integer({ min: 1, max: 2 }),
} as never)

const misdeed = fc.oneof(
  fc.record({ _tag: fc.constant('Hang'), stored: fc.boolean() }),
  fc.record({ _tag: fc.constant('Cut'), stored: fc.boolean(), events: fc.nat(4) }),
  fc.record({ _tag: fc.constant('Delay'), ms: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ _tag: fc.constant('Fail'), failure: fc.constantFrom('not_ready', 'too_busy') }),
  // Of these alone the server cannot say whether it stored it.
  fc.record({ _tag: fc.constant('Fail'), failure: fc.constant('timeout'), stored: fc.boolean() }),
  fc.record({ _tag: fc.constant('NoPosition') }),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ do: fc.constant('execute' as const), ledger, ...asked }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      ledger,
      commands: fc.array(fc.record(asked), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('repeat' as const), ledger, which: fc.nat(30) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(12) }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fault, misdeed)
      .map(([where, what]) => ({ do: 'fault' as const, fault: { ...where, ...what } as Fault })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), node }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('freeze' as const, 'restart' as const),
      node,
      ms: fc.integer({ min: 1, max: 120 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('elect' as const), leader: fc.option(node, { nil: null, freq: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('unreplicated' as const),
      ms: fc.integer({ min: 1, max: 400 }),
      lost: fc.boolean(),
    }),
  },
)

/** Most programs begin with a run; some go on with a command that comes again before its event is replicated. */
const opening: fc.Arbitrary<readonly Step[]> = fc.constantFrom(
  [],
  [{ do: 'execute', ledger: 0, run: 'a', kind: 'create' }],
  [{ do: 'batch', ledger: 1, commands: (['create', 'start'] as const).map((kind) => ({ run: 'a', kind })) }],
  [
    { do: 'execute', ledger: 0, run: 'a', kind: 'create' },
    { do: 'wait', ms: 10 },
    { do: 'unreplicated', ms: 400, lost: false },
    { do: 'execute', ledger: 0, run: 'a', kind: 'start' },
    { do: 'wait', ms: 10 },
    { do: 'repeat', ledger: 1, which: 1 },
  ],
)

export const faultProgram: fc.Arbitrary<FaultProgram> = fc.record({
  nodes: fc.constantFrom(1, NODES),
  steps: fc
    .tuple(opening, fc.array(step, { minLength: 4, maxLength: 30, size: 'max' }))
    .map(([first, rest]) => [...first, ...rest]),
  linger: fc.constantFrom(0, 0, 50, 300),
})
