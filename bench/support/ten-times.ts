/** Pages of a list at the loan applications and at ten times as many: what each costs beside the bare SQL, and how it grows. */
import { type Bench, type Figure, inTurn } from '../measure.ts'
import { atMost, besideFirst, besideSql, type Pages, pageSides, type Stores, valuesOf } from './pages.ts'
import { referenceLedger, storesOf } from './reference.ts'

/** Of a page beside the bare SQL, of ten times the runs beside one, of a later page beside the first. */
type Goals = Readonly<{ sql: number; growth: number; later: number | null }>

/** A round has six sides. */
const MOST_ROUNDS = 3

export const figuresAtTenTimes = async (
  bench: Bench,
  name: string,
  pagesOf: (at: Stores) => Promise<Pages>,
  goals: Goals,
): Promise<readonly Figure[]> => {
  const sidesAt = async (times: number) => {
    const at = storesOf(await referenceLedger(bench, times))
    return pageSides(at, await pagesOf(at), bench.seconds / 4)
  }
  const one = await sidesAt(1)
  const many = await sidesAt(10)
  const rounds = Math.min(bench.rounds, MOST_ROUNDS)
  const measured = await inTurn(
    { ...bench, rounds },
    {
      ours: one.ours,
      floor: one.floor,
      'ours at ten times': many.ours,
      'floor at ten times': many.floor,
      'without HTTP': one.alone,
      'without HTTP at ten times': many.alone,
    },
  )
  const times = { one: measured.ours, many: measured['ours at ten times'] }
  const alone = { one: measured['without HTTP'], many: measured['without HTTP at ten times'] }
  const pages = Object.keys(measured.ours[0] ?? {})
  const grown = (of: typeof times): readonly Figure[] =>
    pages.map((page) => ({
      name: `${name}: ${page}, ten times the runs beside one`,
      unit: 'ms',
      ours: valuesOf(of.many, page),
      against: { what: 'at the loan applications', values: valuesOf(of.one, page) },
      goal: atMost(goals.growth),
    }))
  const bare = (title: string, at: typeof alone.one): readonly Figure[] =>
    pages.map((page) =>
      besideSql(
        title,
        page,
        at.map(({ ours }) => ours),
        at.map(({ floor }) => floor),
        null,
      ),
    )
  return [
    ...pages.map((page) => besideSql(name, page, times.one, measured.floor, atMost(goals.sql))),
    ...pages.map((page) =>
      besideSql(`${name}, ten times the runs`, page, times.many, measured['floor at ten times'], atMost(goals.sql)),
    ),
    ...grown(times),
    ...besideFirst(name, times.one, atMost(goals.later)),
    ...besideFirst(`${name}, ten times the runs`, times.many, atMost(goals.later)),
    ...bare('the same without HTTP', alone.one),
    ...bare('the same without HTTP, ten times the runs', alone.many),
  ]
}
