import { describe, expect, test } from 'vitest'
import { commandOfLine } from '../../../src/api/command-line.ts'
import { DEMO_DAYS, type DemoLine, demoLines, firstDemoRun } from '../../../src/cli/demo/demo-decisions.ts'
import { createLedger } from '../../../src/ledger/ledger.ts'
import { openStore } from '../../support/stores.ts'

const FROM = '2026-03-02T11:20:00.000Z'
const END = new Date(Date.parse(FROM) + DEMO_DAYS * 86_400_000).toISOString()
const lines = demoLines({ seed: 1, from: FROM })

const lastOf = (): ReadonlyMap<string, DemoLine> => new Map(lines.map((line) => [line.run_id, line]))

describe('the made-up decisions', () => {
  test('are the same for the same seed and window, and others for another seed', () => {
    expect(demoLines({ seed: 1, from: FROM })).toEqual(lines)
    const others = demoLines({ seed: 2, from: FROM })
    const ids = new Set(lines.map(({ run_id }) => run_id))
    expect(others.some(({ run_id }) => ids.has(run_id))).toBe(false)
  })

  test('begin with the run and the moment that tell a later start which window it was', () =>
    expect(lines[0]).toMatchObject({ command: 'create', run_id: firstDemoRun(1), occurred_at: FROM }))

  test('come in the order of time and have all happened before the end of the window', () => {
    const times = lines.map(({ occurred_at }) => occurred_at)
    expect(times).toEqual([...times].sort())
    expect((times.at(-1) as string) < END).toBe(true)
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
    const commands = lines.map((line) => {
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
    for (let at = 0; at < commands.length; at += 2000) {
      const answers = await ledger.executeBatch(commands.slice(at, at + 2000))
      refused.push(...answers.filter((answer) => answer._tag === 'Left' || answer.right.repeated))
    }
    expect(refused).toEqual([])
  })
})
