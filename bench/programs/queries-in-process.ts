/**
 * Queries as the read model answers them and as the bare SQL does, in one process and without HTTP:
 * `node queries-in-process.ts <job as JSON>` prints the ms that each took.
 */

import type { EntryQuery, PolicyStatsQuery, ReadModel, RunQuery } from '../../src/read-model/read-model.ts'
import { openReadModel } from '../../src/read-model/sqlite/open.ts'
import { type BareQuery, openBareSql } from '../support/bare-sql.ts'

export type Question =
  | Readonly<{ of: 'runs'; query: RunQuery }>
  | Readonly<{ of: 'entries'; query: EntryQuery }>
  | Readonly<{ of: 'stats'; query: PolicyStatsQuery }>

/** `seconds`: for each question and each side. */
export type InProcessJob = Readonly<{
  readModel: string
  seconds: number
  questions: Readonly<Record<string, Readonly<{ question: Question; bare: BareQuery }>>>
}>

/** In ms a query, by name. */
export type Times = Readonly<Record<string, number>>
export type InProcess = Readonly<{ ours: Times; floor: Times }>

const main = async ({ readModel, seconds, questions }: InProcessJob): Promise<InProcess> => {
  const opened = await openReadModel({ path: readModel })()
  if (opened._tag === 'Left') throw new Error(opened.left._tag)
  const bareQueries = Object.entries(questions).map(([name, { bare }]) => [name, bare] as const)
  const floor = openBareSql(readModel, Object.fromEntries(bareQueries))
  const times: { ours: Record<string, number>; floor: Record<string, number> } = { ours: {}, floor: {} }
  for (const [name, { question }] of Object.entries(questions)) {
    times.ours[name] = await msOf(seconds, () => ask(opened.right, question))
    times.floor[name] = await msOf(seconds, async () => floor.answers[name]?.())
  }
  floor.close()
  await opened.right.close()
  return times
}

const ask = async (readModel: ReadModel, { of, query }: Question): Promise<void> => {
  const answer =
    of === 'runs'
      ? await readModel.listRuns(query)()
      : of === 'entries'
        ? await readModel.listEntries(query)()
        : await readModel.policyStats(query)()
  if (answer._tag === 'Left') throw new Error(answer.left.detail)
}

/** How long `work` takes each time, in ms; the first half warms up. */
const msOf = async (seconds: number, work: () => Promise<unknown>): Promise<number> => {
  let begin = performance.now()
  const middle = begin + seconds * 500
  const end = begin + seconds * 1000
  let times = 0
  let warm = false
  for (let now = begin; now < end; now = performance.now()) {
    if (!warm && now >= middle) {
      warm = true
      begin = now
      times = 0
    }
    await work()
    times += 1
  }
  return (performance.now() - begin) / times
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as InProcessJob)))
