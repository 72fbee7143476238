/** Measuring: sides that run in turn, what came of each, and whether that reaches its goal. */

/** What a benchmark runs with. */
export type Bench = Readonly<{
  /** A smoke run: little data, one round; its figures mean nothing. */
  quick: boolean
  rounds: number
  /** How long a load is measured, and how long it warms up before, in seconds. */
  seconds: number
  warmUpSeconds: number
  /** For this benchmark's own files; removed at its end. */
  directory: string
  /** For what the benchmarks of one run share; removed at its end. */
  shared: string
  /** For what is costly to make, kept for the next time. */
  cache: string
  say: (text: string) => void
}>

/** One benchmark: it yields one or more figures, which share their runs. */
export type Benchmark = Readonly<{ name: string; run: (bench: Bench) => Promise<readonly Figure[]> }>

/** Bounds our value, or its ratio to what it is compared with. */
export type Goal = Readonly<{ of: 'ratio' | 'value'; is: 'at least' | 'at most'; limit: number }>

export type Figure = Readonly<{
  name: string
  unit: 'requests/s' | 's' | 'ms' | 'MiB' | 'events' | 'events/s' | 'entries/s' | 'appends/s'
  /** One value a round. */
  ours: readonly number[]
  /** What ours is compared with, from the same rounds; null where the goal is absolute. */
  against: Readonly<{ what: string; values: readonly number[] }> | null
  /** Null where the figure only explains another. */
  goal: Goal | null
}>

export type Summary = Readonly<{
  median: number
  least: number
  most: number
  againstMedian: number | null
  /** Of the medians; least and most are those of single rounds. */
  ratio: Readonly<{ median: number; least: number; most: number }> | null
  /** `yes` where every round is on the goal's side, `no` where none is, else `at its goal`. Null without a goal. */
  met: 'yes' | 'at its goal' | 'no' | null
}>

/** Lets each side run once a round, in an order that turns with every round, so that no side always has the warm machine. */
export const inTurn = async <Sides extends Readonly<Record<string, () => Promise<unknown>>>>(
  bench: Bench,
  sides: Sides,
): Promise<Results<Sides>> => {
  const names = Object.keys(sides)
  const results = Object.fromEntries(names.map((name): [string, unknown[]] => [name, []]))
  for (let round = 1; round <= bench.rounds; round += 1) {
    for (const name of round % 2 === 1 ? names : names.toReversed()) {
      bench.say(`round ${round} of ${bench.rounds}: ${name}`)
      results[name]?.push(await sides[name]?.())
    }
  }
  return results as unknown as Results<Sides>
}

/** What each side yielded, one a round. */
type Results<Sides extends Readonly<Record<string, () => Promise<unknown>>>> = {
  readonly [Side in keyof Sides]: readonly Awaited<ReturnType<Sides[Side]>>[]
}

export const summaryOf = ({ ours, against, goal }: Figure): Summary => {
  const median = medianOf(ours)
  const againstMedian = against === null ? null : medianOf(against.values)
  const ratios = against === null ? [] : ours.map((value, round) => value / (against.values[round] ?? Number.NaN))
  const ratio =
    againstMedian === null
      ? null
      : { median: median / againstMedian, least: Math.min(...ratios), most: Math.max(...ratios) }
  return {
    median,
    least: Math.min(...ours),
    most: Math.max(...ours),
    againstMedian,
    ratio,
    met: goal === null ? null : metBy(goal, goal.of === 'ratio' ? ratios : ours),
  }
}

export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

const metBy = (goal: Goal, rounds: readonly number[]): Summary['met'] => {
  const reached = rounds.filter((value) => reaches(goal, value)).length
  if (reached === rounds.length && reached > 0) return 'yes'
  return reached === 0 ? 'no' : 'at its goal'
}

const reaches = ({ is, limit }: Goal, value: number): boolean => (is === 'at least' ? value >= limit : value <= limit)
