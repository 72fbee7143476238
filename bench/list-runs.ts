/** `GET /runs` by status, newest first, over a million runs: its first page and its hundredth, beside the same SQL, bare. */
import type { SortKey } from '../src/read-model/read-model.ts'
import type { ListFloorOptions } from './floors/list-runs-sql.ts'
import { type Bench, type Benchmark, type Figure, inTurn } from './measure.ts'
import type { InProcess, InProcessJob } from './support/list-in-process.ts'
import { MOST_HAVE, millionRuns } from './support/million-runs.ts'
import { load, MAIN, runToEnd, withServer } from './support/processes.ts'

const LIMIT = 50
const DEEP = 100

type Page = 'page 1' | 'page 100'
/** In ms a page. */
type Times = Readonly<Record<Page, number>>

export const listRuns: Benchmark = {
  name: 'list-runs',
  run: async (bench) => {
    const { stores, readModel } = await millionRuns(bench)
    const serveOurs = <Result>(use: (url: string) => Promise<Result>): Promise<Result> =>
      withServer(MAIN, ['serve', '--port', '0', ...stores], ({ url }) => use(url))
    const { after, cursor } = await serveOurs((url) => walkTo(DEEP - 1, url))
    const options: ListFloorOptions = { readModel, status: MOST_HAVE, limit: LIMIT, after }
    const { ours, floor } = await inTurn(bench, {
      ours: () => serveOurs((url) => timesOf(bench, url, FIRST, following(cursor))),
      floor: () => withServer(FLOOR, [JSON.stringify(options)], ({ url }) => timesOf(bench, url, '/runs', '/deep')),
    })
    const inProcess = await inTurn(bench, { 'in process': () => withoutHttp(bench, options) })
    return [
      ...figuresOf('GET /runs by status, newest first', ours, floor, { page: 1.5, deep: 1.2 }),
      ...figuresOf(
        'the same without HTTP',
        inProcess['in process'].map((one) => one.ours),
        inProcess['in process'].map((one) => one.floor),
        null,
      ),
    ]
  },
}

const FLOOR = new URL('./floors/list-runs-floor.ts', import.meta.url)
const IN_PROCESS = new URL('./support/list-in-process.ts', import.meta.url)

const FIRST = `/runs?status=${MOST_HAVE}&limit=${LIMIT}`
const following = (cursor: string): string => `${FIRST}&cursor=${encodeURIComponent(cursor)}`

/** Where a page ended: for the ledger its cursor, for the floor its last run. */
type Ended = Readonly<{ cursor: string; after: SortKey }>

const walkTo = async (pages: number, url: string): Promise<Ended> => {
  let ended: Ended | null = null
  for (let page = 1; page <= pages; page += 1) {
    const answer = await fetch(url + (ended === null ? FIRST : following(ended.cursor)))
    const { data, next_cursor } = (await answer.json()) as {
      data: readonly { run_id: string; created_at: string }[]
      next_cursor: string | null
    }
    const last = data.at(-1)
    if (last === undefined || next_cursor === null) throw new Error(`there are only ${page} pages`)
    ended = { cursor: next_cursor, after: { value: last.created_at, run_id: last.run_id } }
  }
  if (ended === null) throw new Error('no page was asked for')
  return ended
}

/** One connection, one request at a time: how long a page takes. */
const timesOf = async (bench: Bench, url: string, first: string, deep: string): Promise<Times> => {
  const time = async (path: string): Promise<number> => {
    const half = { warmUpSeconds: bench.warmUpSeconds / 2, seconds: bench.seconds / 2 }
    const { perSecond } = await load({ url, connections: 1, ...half, requests: [{ method: 'GET', path }] })
    return 1000 / perSecond
  }
  return { 'page 1': await time(first), 'page 100': await time(deep) }
}

const withoutHttp = async (bench: Bench, options: ListFloorOptions): Promise<InProcess> => {
  const job: InProcessJob = { ...options, seconds: bench.seconds / 4 }
  const { stdout } = await runToEnd(IN_PROCESS, JSON.stringify(job))
  return JSON.parse(stdout) as InProcess
}

const figuresOf = (
  name: string,
  ours: readonly Times[],
  floor: readonly Times[],
  goals: Readonly<{ page: number; deep: number }> | null,
): readonly Figure[] => {
  const atMost = (limit: number | undefined) =>
    limit === undefined ? null : ({ of: 'ratio', is: 'at most', limit } as const)
  const beside = (page: Page): Figure => ({
    name: `${name}: ${page}`,
    unit: 'ms',
    ours: ours.map((times) => times[page]),
    against: { what: 'the same SQL, bare', values: floor.map((times) => times[page]) },
    goal: atMost(goals?.page),
  })
  return [
    beside('page 1'),
    beside('page 100'),
    {
      name: `${name}: page 100 beside page 1`,
      unit: 'ms',
      ours: ours.map((times) => times['page 100']),
      against: { what: 'page 1', values: ours.map((times) => times['page 1']) },
      goal: atMost(goals?.deep),
    },
  ]
}
