import { describe, expect, test } from 'vitest'
import { commandOfLine } from '../../../src/api/command-line.ts'
import {
  DEMO_DAYS,
  type DemoCommand,
  type DemoLine,
  demoCommands,
  firstDemoRun,
} from '../../../src/cli/demo/demo-decisions.ts'
import { createLedger } from '../../../src/ledger/ledger.ts'
import { openStore } from '../../support/stores.ts'

const FROM = '2026-03-02T11:20:00.000Z'
const END = new Date(Date.parse(FROM) + DEMO_DAYS * 86_400_000).toISOString()
const commands = demoCommands({ seed: 1, from: FROM })
const lines = commands.map(({ line }) => line)

const lastOf = (): ReadonlyMap<string, DemoLine> => new Map(lines.map((line) => [line.run_id, line]))

describe('the made-up decisions', () => {
  test('are the same for the same seed and window, and others for another seed', () => {
    expect(demoCommands({ seed: 1, from: FROM })).toEqual(commands)
    const others = demoCommands({ seed: 2, from: FROM })
    const ids = new Set(lines.map(({ run_id }) => run_id))
    expect(others.some(({ line }) => ids.has(line.run_id))).toBe(false)
  })

  test('begin with the run and the moment that tell a later start which window it was', () =>
    expect(lines[0]).toMatchObject({ command: 'create', run_id: firstDemoRun(1), occurred_at: FROM }))

  test('come in the order in which they were recorded, all before the end of the window', () => {
    const times = commands.map(({ recorded_at }) => recorded_at)
    expect(times).toEqual([...times].sort())
    expect((times.at(-1) as string) < END).toBe(true)
  })

  test('are recorded at once, but for a few that were on paper first, each with its reason', () => {
    const lateness = ({ line, recorded_at }: DemoCommand) => Date.parse(recorded_at) - Date.parse(line.occurred_at)
    const late = commands.filter((command) => lateness(command) > 1000)
    expect(late.length / commands.length).toBeGreaterThan(0.001)
    expect(late.length / commands.length).toBeLessThan(0.02)
    for (const command of late) {
      expect(lateness(command)).toBeGreaterThanOrEqual(2 * 3_600_000)
      expect(command.line['reason']).toMatch(/paper|letter|post/)
    }
    for (const command of commands) expect(lateness(command)).toBeGreaterThan(0)
  })

  test('go on in a run only once what was before is recorded', () => {
    const last = new Map<string, string>()
    for (const { line, recorded_at } of commands) {
      expect(line.occurred_at >= (last.get(line.run_id) ?? '')).toBe(true)
      last.set(line.run_id, recorded_at)
    }
  })

  test('each have a command id of their own', () =>
    expect(new Set(lines.map(({ command_id }) => command_id)).size).toBe(lines.length))

  test('are a few thousand, most decided, some waiting, under review, cancelled and failed', () => {
    const last = [...lastOf().values()]
    const share = (matches: (line: DemoLine) => boolean) => last.filter(matches).length / last.length
    expect(last.length).toBeGreaterThan(2000)
    expect(last.length).toBeLessThan(6000)
    expect(share(({ result }) => result === 'APPROVED')).toBeGreaterThan(0.4)
    expect(share(({ result }) => result === 'DECLINED')).toBeGreaterThan(0.15)
    expect(share(({ status }) => status === 'CANCELLED')).toBeGreaterThan(0.01)
    expect(share(({ status }) => status === 'FAILURE')).toBeGreaterThan(0.005)
    expect(share(({ status }) => status === 'DOCUMENTS_REQUESTED')).toBeGreaterThan(0)
    expect(last.filter(({ command }) => command === 'create').length).toBeGreaterThanOrEqual(6)
  })

  test('are all accepted by the ledger', async () => {
    const ledger = createLedger(await openStore())
    const taken = lines.map((line) => {
      const command = commandOfLine(line, {
        recorded_by: { principal: null, via: 'cli' },
        received_at: END,
        defaultCommandId: () => null,
        defaultActor: 'nobody',
      })
      if (command._tag === 'Left') throw new Error(JSON.stringify(command.left))
      return command.right
    })
    const refused: unknown[] = []
    for (let at = 0; at < taken.length; at += 2000) {
      const answers = await ledger.executeBatch(taken.slice(at, at + 2000))
      refused.push(...answers.filter((answer) => answer._tag === 'Left' || answer.right.repeated))
    }
    expect(refused).toEqual([])
  })
})
