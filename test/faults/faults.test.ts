/**
 * Whatever the store does: an answered command is kept, once, and an unknown one can be settled. Programs run side by
 * side, since most of their time is waiting. A rejection that nobody handles fails the run: vitest sees to it.
 */
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { expectKept, isOpen } from './kept.ts'
import { type Attempt, again, attemptOne, play } from './play.ts'
import { type FaultProgram, faultProgram } from './programs.ts'
import { openWorld, type World } from './world.ts'

const PROGRAMS = Number(process.env['FC_NUM_RUNS'] ?? 300)
const LANES = 3

// In ms. A busy machine plays fewer programs; one that fails says its seed although nothing is left to shrink it.
const WITHIN = process.env['FC_NUM_RUNS'] === undefined ? 40_000 : PROGRAMS * 1_000
const A_PROGRAM_WITHIN = 60_000

test.concurrent.each(Array.from({ length: LANES }, (_, lane) => lane))(
  'two ledgers over a store that cuts, hangs, restarts and changes its leader keep what they answered, once (%i)',
  () =>
    fc.assert(fc.asyncProperty(faultProgram, keepsItsWord), {
      numRuns: Math.ceil(PROGRAMS / LANES),
      timeout: A_PROGRAM_WITHIN,
      interruptAfterTimeLimit: WITHIN,
    }),
  WITHIN + A_PROGRAM_WITHIN,
)

const keepsItsWord = async (program: FaultProgram): Promise<void> => {
  const world = await idleWorld(program.nodes)
  const attempts = await play(world, program)
  expectKept(world, attempts)
  const settled = await sendAgain(world, attempts.filter(isOpen))
  expect(settled.filter(isOpen)).toEqual([])
  const sofar = [...attempts, ...settled]
  expectKept(world, sofar)
  const repeated = await sendAgain(world, sofar.filter(isTaken))
  expect(repeated.filter(({ answer }) => answer._tag === 'Left' || !answer.right.repeated)).toEqual([])
  expectKept(world, [...sofar, ...repeated])
  expect(await world.projected()).toEqual(await world.folded())
  await putBack(world)
}

const isTaken = ({ answer }: Attempt): boolean => answer._tag === 'Right'

/** Each command once more, of a ledger that has not seen any. */
const sendAgain = (world: World, attempts: readonly Attempt[]): Promise<readonly Attempt[]> => {
  const commands = new Map(attempts.map(({ command }) => [command.command_id, again(command)]))
  const ledger = world.freshLedger()
  return Promise.all([...commands.values()].map((command) => attemptOne(world, ledger, command)))
}

/** A world serves several programs, each with runs of its own; one in which something failed serves no more. */
const PROGRAMS_A_WORLD = 10
const idle: World[] = []
const served = new Map<World, number>()

const idleWorld = async (nodes: number): Promise<World> => {
  const at = idle.findIndex((world) => world.nodes.length === nodes)
  const world = idle.splice(at, at === -1 ? 0 : 1)[0] ?? (await openWorld(nodes))
  served.set(world, (served.get(world) ?? 0) + 1)
  return world
}

const putBack = async (world: World): Promise<void> => {
  if (served.get(world) !== PROGRAMS_A_WORLD) return void idle.push(world)
  served.delete(world)
  await world.close()
}

afterAll(() => Promise.all([...served.keys()].map((world) => world.close())))
