import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventStore } from '../../../../src/event-store/event-store.ts'
import { openAsking } from '../../../../src/read-model/postgres/projector/asking.ts'
import { REGISTRY } from '../../../../src/read-model/postgres/tables.ts'
import { poolAt } from '../../../support/postgres/postgres-projectors.ts'
import { execute, type PostgresServer, startPostgres } from '../../../support/postgres/postgres-server.ts'
import { postgresContents, postgresTexts, rowTexts } from '../../../support/postgres/postgres-stores.ts'
import { type Child, startChild } from '../../../support/processes/child.ts'
import { append, expectedOf, LIFE } from '../../../support/read-model/projectors.ts'
import type { Contents } from '../../../support/read-model/read-models.ts'
import { openStore, testDirectory } from '../../../support/stores.ts'

/** What happens while projectors work: to the log, to one of them, or to the database. */
type Step =
  | Readonly<{ do: 'append'; runs: number }>
  | Readonly<{ do: 'kill' | 'freeze' | 'thaw'; projector: number }>
  | Readonly<{ do: 'lapse' | 'crash' | 'restart' }>

const projector = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append'), runs: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('kill', 'freeze', 'thaw'), projector }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('lapse', 'crash', 'restart') }) },
)

type World = Readonly<{ store: EventStore; server: PostgresServer; projectors: Child[]; start: () => Promise<Child> }>

/** Every lease has run out: of the frozen, of the killed, and of those that work. */
const lapse = (url: string) =>
  execute(
    url,
    `UPDATE ${REGISTRY}.projection_leases SET expires_at = '-infinity'; DELETE FROM ${REGISTRY}.projection_processes`,
  )

const take = async ({ store, server, projectors, start }: World, step: Step, runs: number): Promise<number> => {
  const which = 'projector' in step ? step.projector % projectors.length : 0
  const { pid, kill } = projectors[which] as Child
  switch (step.do) {
    case 'append':
      await Promise.all(Array.from({ length: step.runs }, (_, i) => append(store, `run-${runs + i}`, LIFE)))
      return runs + step.runs
    case 'kill':
      await kill()
      projectors[which] = await start()
      break
    case 'freeze':
      process.kill(pid, 'SIGSTOP')
      break
    case 'thaw':
      process.kill(pid, 'SIGCONT')
      break
    case 'lapse':
      await lapse(server.url)
      break
    case 'crash':
      await server.stop('SIGQUIT')
      await server.start()
      break
    case 'restart':
      await server.stop('SIGINT')
      await server.start()
      break
    default:
      step satisfies never
  }
  return runs
}

const SEED = Number(process.env['SEED'] ?? 16)
const PROGRAMS = Number(process.env['PROGRAMS'] ?? 3)

test('whatever happens to projectors and their database, the tables end as one fold of the log makes them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 4 }),
      fc.array(step, { minLength: 6, maxLength: 12 }),
      async (count, program) => {
        const directory = testDirectory()
        const store = await openStore(directory)
        const server = await startPostgres()
        try {
          const start = async () => {
            const child = startChild('project-into.ts', [directory, server.url])
            await child.line()
            return child
          }
          const projectors = await Promise.all(Array.from({ length: count }, start))
          const world = { store, server, projectors, start }
          let runs = 0
          for (const each of program) runs = await take(world, each, runs)
          for (const { pid } of projectors) process.kill(pid, 'SIGCONT')
          // Nobody waits for the leases of those that were killed.
          await lapse(server.url)
          const last = await append(store, `run-${runs}`, LIFE)
          const asking = openAsking(server.url)
          expect(await asking.caughtUpTo(last)).toBe(true)
          await asking.close()
          const expected = rowTexts((await expectedOf(store, runs + 1)) as Contents)
          expect(postgresTexts(await postgresContents(poolAt(server.url)))).toEqual(expected)
          await Promise.all(projectors.map(({ kill }) => kill()))
        } finally {
          await server.remove()
        }
      },
    ),
    { numRuns: PROGRAMS, seed: SEED, endOnFailure: true },
  )
})
