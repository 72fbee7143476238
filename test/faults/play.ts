/** Plays a program of faults and commands, and notes what each command was answered. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Either, map } from 'fp-ts/lib/Either.js'
import type { CommandFailure } from '../../src/ledger/failures.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import type { Run } from '../../src/run/run.ts'
import { changeRun, completeRun, context, createRun, startRun } from '../support/commands.ts'
import type { StandIn } from '../support/eventstoredb/stand-in.ts'
import type { FaultProgram, Kind, Step } from './programs.ts'
import type { World } from './world.ts'

/** `run` and `position` are those of an answer that has them: a batch's has not. */
export type Answered = Readonly<{ revision: number; repeated: boolean; run?: Run; position?: string }>

/** One time that a command was sent. Commands of one id are the same command, sent again. */
export type Attempt = Readonly<{
  command: RunCommand
  answer: Either<CommandFailure, Answered>
  /** How many events of the run could be read when it was sent and when it was answered. */
  before: number
  after: number
  /** The event of the command that was written when it was sent, replicated or not. */
  written: string | null
}>

/** "It comes within 10 s, whatever the store does." */
const ANSWERED_WITHIN = 10_000

/** So that every program has runs of its own. */
let programs = 0

/** Plays all steps, ends the faults, and answers once every command has its answer. */
export const play = async (world: World, { steps, linger }: FaultProgram): Promise<readonly Attempt[]> => {
  programs += 1
  const program = programs
  const sent: RunCommand[] = []
  const underWay: Promise<readonly Attempt[]>[] = []
  const send = (ledger: Ledger, commands: readonly RunCommand[], one: boolean) => {
    sent.push(...commands)
    underWay.push(attempt(world, ledger, commands, one))
  }
  for (const step of steps) {
    const deed = deedOf(world, step)
    if (deed !== null) await deed()
    else if (step.do === 'execute')
      send(ledgerOf(world, step.ledger), [commandOf(`${step.run}-${program}`, step.kind)], true)
    else if (step.do === 'batch') {
      const commands = step.commands.map(({ run, kind }) => commandOf(`${run}-${program}`, kind))
      send(ledgerOf(world, step.ledger), commands, false)
    } else if (step.do === 'repeat' && sent.length > 0) {
      const command = sent[step.which % sent.length] as RunCommand
      send(ledgerOf(world, step.ledger), [again(command)], true)
    }
  }
  await pause(linger)
  await world.calm()
  return (await Promise.all(underWay)).flat()
}

/** Sends a command to `ledger`, and notes what came of it. */
export const attemptOne = async (world: World, ledger: Ledger, command: RunCommand): Promise<Attempt> =>
  (await attempt(world, ledger, [command], true))[0] as Attempt

/** The same command as another request would bring it. */
export const again = (command: RunCommand): RunCommand => {
  const { correlation_id, received_at } = context(command.run_id)
  return { ...command, command_id_is_new: false, correlation_id, received_at }
}

const attempt = async (
  world: World,
  ledger: Ledger,
  commands: readonly RunCommand[],
  one: boolean,
): Promise<readonly Attempt[]> => {
  const lengthOf = (run: string) => world.eventsOf(run).length
  const before = commands.map(({ run_id }) => lengthOf(run_id))
  const written = commands.map((command) => world.writtenFor(command))
  const answers = await inTime(ask(ledger, commands, one))
  return commands.map((command, at) => ({
    command,
    answer: answers[at] as Either<CommandFailure, Answered>,
    before: before[at] as number,
    written: written[at] as string | null,
    after: lengthOf(command.run_id),
  }))
}

const ask = async (
  ledger: Ledger,
  commands: readonly RunCommand[],
  one: boolean,
): Promise<readonly Either<CommandFailure, Answered>[]> => {
  const [first] = commands
  if (one && first !== undefined) return [await ledger.execute(first)()]
  return (await ledger.executeBatch(commands)).map(map(({ revision, repeated }) => ({ revision, repeated })))
}

const inTime = async <A>(answer: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('a command without an answer')), ANSWERED_WITHIN)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Under an id that the ledger made: nobody has sent it before. */
const commandOf = (run: string, kind: Kind): RunCommand => {
  if (kind === 'create') return createRun(run, NEW)
  if (kind === 'start') return startRun(run, NEW)
  return kind === 'change'
    ? changeRun(run, 'IN_REVIEW', { ...NEW, run_metadata: { seen: true } })
    : completeRun(run, NEW)
}

const NEW = { command_id_is_new: true } as const

const ledgerOf = (world: World, which: number): Ledger => world.ledgers[which] as Ledger

/** What a step does to the servers; null where it is for the ledgers. */
const deedOf = (world: World, step: Step): (() => void | Promise<void>) | null => {
  const { nodes, elect, inTurn } = world
  const node = (which: number) => nodes[which % nodes.length] as StandIn
  switch (step.do) {
    case 'wait':
      return () => pause(step.ms)
    case 'fault':
      return () => {
        for (const { faults } of nodes) faults.add(step.fault)
      }
    case 'cut':
      return () => node(step.node).cut()
    case 'elect':
      return () => elect(step.leader === null ? null : node(step.leader))
    case 'freeze':
      return () => inTurn(node(step.node), () => frozenFor(node(step.node), step.ms))
    case 'restart':
      return () => inTurn(node(step.node), () => goneFor(node(step.node), step.ms))
    case 'unreplicated':
      return () => world.unreplicatedFor(step.ms, step.lost)
    default:
      return null
  }
}

const frozenFor = async (node: StandIn, ms: number): Promise<void> => {
  node.freeze()
  await pause(ms)
  node.thaw()
}

const goneFor = async (node: StandIn, ms: number): Promise<void> => {
  await node.stop()
  await pause(ms)
  await node.start()
}
