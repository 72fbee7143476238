/** The program over an EventStoreDB: every subcommand finds it, and the read model is the one that the embedded store gives. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { START } from '../../../src/event-store/event-store.ts'
import { fileOf, loanLines } from '../../support/loans.ts'
import { startProgram, startProgramWith } from '../../support/processes/program.ts'
import { contentsOf } from '../../support/read-model/read-models.ts'
import { openStandIn, openStandInProcess } from '../../support/stand-ins.ts'
import { testDirectory } from '../../support/stores.ts'
import { rightOf } from '../place.ts'
import { eventually, openAt, PATIENT } from './opened.ts'

/** The runs of a read model; positions and recorded times are a store's own. */
const runsIn = (path: string): unknown => {
  const { runs, metadata_values } = contentsOf(path)
  const common = (name: string, value: unknown) => (/position|recorded/.test(name) ? null : value)
  return JSON.parse(JSON.stringify({ runs, metadata_values }, common))
}

test('import, verify, projections and a second import', async () => {
  const { address } = await openStandIn()
  const directory = testDirectory()
  const file = join(directory, 'input')
  writeFileSync(file, fileOf(loanLines(100)))
  const readModel = join(directory, 'esdb.db')
  const there = ['--event-store', address, '--read-model', `sqlite:${readModel}`, '--json']
  const [first] = await Promise.all([
    startProgram('import', file, ...there).ended,
    startProgram('import', file, '--data', directory, '--json').ended,
  ])
  expect(first.stderr).toBe('')
  expect(JSON.parse(first.stdout)).toMatchObject({ lines: 400, accepted: 400, repeated: 0, rejected: 0 })
  expect(runsIn(readModel)).toEqual(runsIn(join(directory, 'read-model.db')))
  const [verified, status, again] = await Promise.all([
    startProgram('verify', ...there).ended,
    startProgram('projections', 'status', ...there).ended,
    startProgram('import', file, ...there).ended,
  ])
  expect(verified.status).toBe(0)
  expect(JSON.parse(verified.stdout)).toMatchObject({ events: 400, runs: 100, findings: [] })
  const { data } = JSON.parse(status.stdout) as { data: { lag_events: number }[] }
  expect(data.map(({ lag_events }) => lag_events)).toEqual(data.map(() => 0))
  expect(JSON.parse(again.stdout)).toMatchObject({ accepted: 0, repeated: 400, rejected: 0 })
})

test('a store that is away ends it with status 3 and says so, one that is too old too', async () => {
  const [away, old] = [await openStandIn(), await openStandIn({ version: '21.10.0' })]
  await away.stop()
  const directory = testDirectory()
  const at = (address: string) => ['--event-store', address, '--data', directory]
  const [serve, verify, refused] = await Promise.all([
    startProgram('serve', '--port', '0', ...at(away.address)).ended,
    startProgram('verify', ...at(away.address)).ended,
    startProgram('serve', '--port', '0', ...at(old.address)).ended,
  ])
  for (const { status, stderr } of [serve, verify]) {
    expect(status).toBe(3)
    expect(stderr).toContain('the store cannot be reached: EventStoreDB')
  }
  expect(refused.status).toBe(3)
  expect(refused.stderr).toContain('EventStoreDB 22.10 or later is needed')
})

test('a signal ends an import whose store is frozen soon, and the next import goes on', async () => {
  const standIn = await openStandInProcess()
  const directory = testDirectory()
  const file = join(directory, 'input')
  writeFileSync(file, fileOf(loanLines(500)))
  const there = ['--event-store', standIn.address, '--read-model', `sqlite:${join(directory, 'rm.db')}`, '--json']
  const store = await openAt(standIn.address, PATIENT)
  const args = ['import', '-', ...there]
  const program = startProgramWith({ args, input: fileOf(loanLines(500)), keepOpen: true })
  await eventually(store.headPosition(), (head) => rightOf(head) !== START)
  standIn.freeze()
  program.kill('SIGTERM')
  const { status, stderr } = await program.ended
  standIn.thaw()
  expect({ status, stderr }).toEqual({ status: 143, stderr: expect.stringMatching(/stopped after line \d+$/m) })
  const again = await startProgram('import', file, ...there).ended
  const { accepted, repeated, rejected } = JSON.parse(again.stdout) as Record<string, number>
  expect({ all: Number(accepted) + Number(repeated), rejected }).toEqual({ all: 2_000, rejected: 0 })
  expect(repeated).toBeGreaterThan(0)
})
