/** `GET /runs` by status, newest first, over a million runs: its first page and its hundredth, beside the same SQL, bare. */
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
    const key = await withServer(MAIN, ['serve', '--port', '0', ...stores], ({ url }) => walkTo(DEEP - 1, url))
    const { ours, floor } = await inTurn(bench, {
      ours: () =>
        withServer(MAIN, ['serve', '--port', '0', ...stores], ({ url }) => timesOf(bench, url, oursAfter(key))),
      floor: () => withServer(FLOOR, [readModel], ({ url }) => timesOf(bench, url, floorAfter(key))),
    })
    const inProcess = await inTurn(bench, { 'in process': () => withoutHttp(bench, readModel, key) })
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

/** Where a page ended: for the ledger a cursor, for the floor the last run. */
type Key = Readonly<{ cursor: string; created_at: string; run_id: string }>

const FIRST = `/runs?status=${MOST_HAVE}&limit=${LIMIT}`
const oursAfter = ({ cursor }: Key) => `${FIRST}&cursor=${encodeURIComponent(cursor)}`
const floorAfter = ({ created_at, run_id }: Key) => `${FIRST}&created_at=${created_at}&run_id=${run_id}`

const walkTo = async (pages: number, url: string): Promise<Key> => {
  let key: Key | null = null
  for (let page = 1; page <= pages; page += 1) {
    const answer = await fetch(url + (key === null ? FIRST : oursAfter(key)))
    const { data, next_cursor } = (await answer.json()) as {
      data: readonly { run_id: string; created_at: string }[]
      next_cursor: string | null
    }
    const last = data.at(-1)
    if (last === undefined || next_cursor === null) throw new Error(`there are only ${page} pages`)
    key = { cursor: next_cursor, created_at: last.created_at, run_id: last.run_id }
  }
  if (key === null) throw new Error('no page was asked for')
  return key
}

/** One connection, one request at a time: how long one page takes. */
const timesOf = async (bench: Bench, url: string, deep: string): Promise<Times> => {
  const time = async (path: string): Promise<number> => {
    const half = { warmUpSeconds: bench.warmUpSeconds / 2, seconds: bench.seconds / 2 }
    const { perSecond } = await load({ url, connections: 1, ...half, requests: [{ method: 'GET', path }] })
    return 1000 / perSecond
  }
  return { 'page 1': await time(FIRST), 'page 100': await time(deep) }
}

const withoutHttp = async (bench: Bench, readModel: string, { created_at, run_id }: Key): Promise<InProcess> => {
  const job: InProcessJob = {
    readModel,
    seconds: bench.seconds / 4,
    status: MOST_HAVE,
    limit: LIMIT,
    created_at,
    run_id,
  }
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
