/** Reads that one query answers: how long each takes over HTTP and without it, beside the same SQL, bare. */
import type { SqlFloorOptions } from '../floors/sql-floor.ts'
import type { Figure, Goal } from '../measure.ts'
import type { InProcess, InProcessJob, Question, Times } from '../programs/queries-in-process.ts'
import type { BareQuery } from './bare-sql.ts'
import { load, MAIN, runToEnd, withServer } from './processes.ts'

export type { Times }

/** `path` asks the server for it, `question` the read model, and `bare` SQLite. */
export type Page = Readonly<{ path: string; question: Question; bare: BareQuery }>
export type Pages = Readonly<Record<string, Page>>

/** `stores`: the flags that name them. */
export type Stores = Readonly<{ stores: readonly string[]; readModel: string }>

/** Serves the ledger for `use`. */
export const serving = <Result>({ stores }: Stores, use: (url: string) => Promise<Result>): Promise<Result> =>
  withServer(MAIN, ['serve', '--port', '0', ...stores], ({ url }) => use(url))

/** What runs in turn. `seconds`: how long each page is measured; a third as long warms up. */
export const pageSides = (at: Stores, pages: Pages, seconds: number) => {
  const queries = Object.fromEntries(Object.entries(pages).map(([name, { bare }]) => [slugOf(name), bare]))
  const options: SqlFloorOptions = { readModel: at.readModel, queries }
  const job: InProcessJob = { readModel: at.readModel, seconds: seconds / 2, questions: pages }
  const timesOf = async (url: string, pathOf: (name: string, page: Page) => string): Promise<Times> => {
    const times: Record<string, number> = {}
    for (const [name, page] of Object.entries(pages)) times[name] = await time(url, pathOf(name, page))
    return times
  }
  /** One connection, one request at a time. */
  const time = async (url: string, path: string): Promise<number> => {
    const requests = [{ method: 'GET', path }]
    const { perSecond } = await load({ url, connections: 1, warmUpSeconds: seconds / 3, seconds, requests })
    return 1000 / perSecond
  }
  return {
    ours: () => serving(at, (url) => timesOf(url, (_, { path }) => path)),
    floor: () => withServer(FLOOR, [JSON.stringify(options)], ({ url }) => timesOf(url, (name) => `/${slugOf(name)}`)),
    alone: async () => JSON.parse((await runToEnd(IN_PROCESS, JSON.stringify(job))).stdout) as InProcess,
  }
}

const FLOOR = new URL('../floors/sql-floor.ts', import.meta.url)
const IN_PROCESS = new URL('../programs/queries-in-process.ts', import.meta.url)

const slugOf = (name: string): string => name.replaceAll(' ', '-')

/** Null for a figure without a goal. */
export const atMost = (limit: number | null): Goal | null =>
  limit === null ? null : { of: 'ratio', is: 'at most', limit }

/** One page beside the bare SQL of the same rounds. */
export const besideSql = (
  name: string,
  page: string,
  ours: readonly Times[],
  floor: readonly Times[],
  goal: Goal | null,
): Figure => ({
  name: `${name}: ${page}`,
  unit: 'ms',
  ours: valuesOf(ours, page),
  against: { what: 'the same SQL, bare', values: valuesOf(floor, page) },
  goal,
})

/** The later pages beside the first of the same rounds. */
export const besideFirst = (name: string, times: readonly Times[], goal: Goal | null): readonly Figure[] => {
  const [first = '', ...later] = Object.keys(times[0] ?? {})
  return later.map((page) => ({
    name: `${name}: ${page} beside ${first}`,
    unit: 'ms',
    ours: valuesOf(times, page),
    against: { what: first, values: valuesOf(times, first) },
    goal,
  }))
}

export const valuesOf = (times: readonly Times[], page: string): readonly number[] =>
  times.map((each) => each[page] ?? Number.NaN)

type Listed = Readonly<Record<string, unknown>>

/** The cursor behind the first `items` of the list at `path`, which has a query, and the last of them. */
export const behind = async (
  url: string,
  path: string,
  items: number,
): Promise<Readonly<{ cursor: string; last: Listed }>> => {
  let cursor: string | null = null
  let last: Listed = {}
  for (let seen = 0; seen < items; ) {
    const more = `&limit=${Math.min(MOST, items - seen)}${cursor === null ? '' : `&cursor=${cursor}`}`
    const page = (await (await fetch(url + path + more)).json()) as {
      data: readonly Listed[]
      next_cursor: string | null
    }
    if (page.next_cursor === null) throw new Error(`${path} lists ${seen + page.data.length}, not more than ${items}`)
    seen += page.data.length
    last = page.data.at(-1) ?? last
    cursor = page.next_cursor
  }
  if (cursor === null) throw new Error('nothing was asked for')
  return { cursor, last }
}

const MOST = 1000
