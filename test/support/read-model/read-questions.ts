/** Questions to a read model, drawn from what a log holds, and their answers from the first page to the last. */
import fc from 'fast-check'
import type { StoredEvent } from '../../../src/event-store/event-store.ts'
import type {
  AgreementQuery,
  Answer,
  CountsQuery,
  EntryFilters,
  EntryKey,
  EntryQuery,
  PolicyStatsQuery,
  ReadModel,
  RunFilters,
  RunMoment,
  RunQuery,
  SortKey,
} from '../../../src/read-model/read-model.ts'
import type { Json } from '../../../src/run/json.ts'
import { rightOf } from '../scenario.ts'

export type Question = Readonly<
  | { kind: 'runs'; filters: RunFilters & RunMoment; sort: RunQuery['sort']; limit: number }
  | { kind: 'entries'; filters: EntryFilters; sort: EntryQuery['sort']; limit: number; until: string | undefined }
  | { kind: 'run'; run_id: string }
  | { kind: 'steps'; run_id: string; limit: number }
  | { kind: 'group'; run_group_id: string }
  | { kind: 'groups' | 'policy versions'; limit: number }
  | { kind: 'stats'; query: PolicyStatsQuery }
  | { kind: 'trail'; run_id: string; limit: number }
  | { kind: 'agreement'; query: Omit<AgreementQuery, 'after'> }
>

/** Questions whose filters name what the log holds, and now and then what it does not. */
export const questionsOf = (log: readonly StoredEvent[]): fc.Arbitrary<Question> => {
  const data = log.map((event) => JSON.parse(event.data) as Readonly<Record<string, Json>>)
  const metadata = log.map((event) => JSON.parse(event.metadata) as Readonly<Record<string, Json>>)
  const valueIn = (from: readonly Readonly<Record<string, Json>>[], name: string): fc.Arbitrary<string> => {
    const values = new Set(from.map((each) => each[name]).filter((value) => typeof value === 'string'))
    return fc.constantFrom(...values, 'nothing')
  }
  const some = (value: fc.Arbitrary<string>) =>
    fc.option(fc.uniqueArray(value, { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 1 })
  const maybe = <Value>(value: fc.Arbitrary<Value>, freq = 1) => fc.option(value, { nil: undefined, freq })

  const run_id = fc.constantFrom(...new Set(log.map(({ stream }) => stream)), 'nothing')
  const time = valueIn(data, 'occurred_at').filter((value) => value !== 'nothing')
  const recorded = fc.constantFrom(...log.map(({ recorded_at }) => recorded_at))
  const limit = fc.constantFrom(3, 20, 100, 1_000)
  const pair = fc.constantFrom(...data.flatMap((each) => scalarsOf(each['run_metadata'])), ['no', 'thing'] as const)

  const runFilters = fc.record({
    as_of: maybe(time),
    known_at: maybe(recorded, 2),
    status: some(fc.oneof(valueIn(data, 'status'), fc.constantFrom('PENDING', 'STARTED'))),
    result: some(valueIn(data, 'result')),
    run_group_id: some(valueIn(data, 'run_group_id')),
    policy_version_id: some(valueIn(data, 'policy_version_id')),
    created_after: maybe(time, 2),
    created_before: maybe(time, 2),
    updated_after: maybe(time, 2),
    updated_before: maybe(time, 2),
    metadata: maybe(fc.uniqueArray(pair, { minLength: 1, maxLength: 2 }), 2),
  })
  const entryFilters = fc.record({
    actor: some(valueIn(metadata, 'actor')),
    type: some(fc.constantFrom(...new Set(log.map(({ type }) => type)))),
    run_id: some(run_id),
    policy_version_id: some(valueIn(data, 'policy_version_id')),
    run_group_id: some(valueIn(data, 'run_group_id')),
    command_id: some(valueIn(metadata, 'command_id')),
    correlation_id: some(valueIn(metadata, '$correlationId')),
    status: some(valueIn(data, 'status')),
    result: some(valueIn(data, 'result')),
    path: maybe(fc.uniqueArray(fc.constantFrom('/status', '/run_metadata/*', '/result'), { minLength: 1 }), 2),
    reason: some(valueIn(data, 'reason')),
    occurred_after: maybe(time, 2),
    occurred_before: maybe(time, 2),
    recorded_after: maybe(recorded, 2),
    recorded_before: maybe(recorded, 2),
  })
  const hour = time.map((at) => `${at.slice(0, 13)}:00:00.000Z`)
  const stats = fc.record({
    policy_version_id: valueIn(data, 'policy_version_id'),
    bucket: fc.constantFrom('hour', 'day', 'total'),
    from: maybe(hour),
    to: maybe(hour),
  })

  const agreement = fc.record({
    policy_version_id: valueIn(data, 'policy_version_id'),
    with: valueIn(data, 'policy_version_id'),
    from: maybe(time),
    to: maybe(time),
    limit: fc.constantFrom(1, 50),
  })

  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('runs'), filters: few(runFilters), sort: RUN_SORTS, limit }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('entries'),
        filters: few(entryFilters),
        sort: ENTRY_SORTS,
        limit,
        until: maybe(fc.constantFrom(...log.map(({ position }) => position))),
      }),
    },
    fc.record({ kind: fc.constant('run'), run_id }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('steps'), run_id, limit: fc.constantFrom(2, 5, 50) }) },
    fc.record({ kind: fc.constant('group'), run_group_id: valueIn(data, 'run_group_id') }),
    fc.record({ kind: fc.constantFrom('groups', 'policy versions'), limit: fc.constantFrom(1, 3, 50) }),
    fc.record({ kind: fc.constant('stats'), query: stats }),
    fc.record({ kind: fc.constant('trail'), run_id, limit: fc.constantFrom(2, 5, 50) }),
    fc.record({ kind: fc.constant('agreement'), query: agreement }),
  ) as fc.Arbitrary<Question>
}

const RUN_SORTS = fc.constantFrom('created_at', '-created_at', 'last_updated_at', '-last_updated_at')
const ENTRY_SORTS = fc.constantFrom('position', '-position', 'occurred_at', '-occurred_at')

/** At most three of the filters: all of them together find nothing. */
const few = <Filters extends object>(filters: fc.Arbitrary<Filters>): fc.Arbitrary<Partial<Filters>> =>
  fc.tuple(filters, fc.integer({ min: 0, max: 3 }), fc.infiniteStream(fc.nat())).map(([all, most, picks]) => {
    const given = Object.entries(all).filter(([, value]) => value !== undefined)
    const kept: [string, unknown][] = []
    while (kept.length < most && given.length > 0)
      kept.push(...given.splice((picks.next().value as number) % given.length, 1))
    return Object.fromEntries(kept) as Partial<Filters>
  })

const scalarsOf = (metadata: Json | undefined): readonly (readonly [string, string])[] =>
  Object.entries((metadata ?? {}) as Readonly<Record<string, Json>>).flatMap(([key, value]) =>
    value === null || typeof value === 'object' ? [] : [[key, typeof value === 'string' ? value : String(value)]],
  )

/** All that the read model answers, page after page; texts as they are. */
export const answerTo = async (readModel: ReadModel, question: Question): Promise<unknown> => {
  switch (question.kind) {
    case 'runs':
      return everyRun(readModel, question)
    case 'entries': {
      const { filters, sort, limit, until } = question
      return everyPage(
        (after: EntryKey | undefined) => readModel.listEntries({ ...filters, sort, limit, until, after }),
        ({ entries }) => entries,
      )
    }
    case 'run':
      return withoutPosition(rightOf(await readModel.getRun(question.run_id)()))
    case 'steps':
      return everyStep(readModel, question)
    case 'group':
      return withoutPosition(rightOf(await readModel.getRunGroup(question.run_group_id)()))
    case 'groups':
      return everyCount(readModel.listRunGroups, question.limit)
    case 'policy versions':
      return everyCount(readModel.listPolicyVersions, question.limit)
    case 'trail':
      return everyPage(
        (after: EntryKey | undefined) => readModel.listTrail(question.run_id, { after, limit: question.limit }),
        ({ text }) => [text],
      )
    case 'agreement':
      return withoutPosition(rightOf(await readModel.agreement(question.query)()))
    case 'stats':
      return withoutPosition(rightOf(await readModel.policyStats(question.query)()))
    default:
      return question satisfies never
  }
}

const everyStep = async (readModel: ReadModel, { run_id, limit }: Extract<Question, { kind: 'steps' }>) => {
  const steps = await everyPage(
    (from: number | undefined) => readModel.listSteps(run_id, { from: from ?? 0, limit }),
    ({ exists, quarantine, text }) => [{ exists, quarantine, text }],
  )
  const trail = await everyPage(
    (after: EntryKey | undefined) => readModel.listTrail(run_id, { limit, after }),
    ({ text }) => [text],
  )
  return { steps, trail }
}

const everyRun = async (readModel: ReadModel, { filters, sort, limit }: Extract<Question, { kind: 'runs' }>) => {
  const counted = rightOf(await readModel.listRuns({ ...filters, sort, limit: 1, count: true })())
  const runs = await everyPage(
    (after: SortKey | undefined) => readModel.listRuns({ ...filters, sort, limit, after, count: false }),
    (page) => page.runs,
  )
  return { count: counted.count, runs }
}

const everyCount = (list: (query: CountsQuery) => ReturnType<ReadModel['listRunGroups']>, limit: number) =>
  everyPage(
    (after: string | undefined) => list({ after, limit }),
    ({ counts }) => counts,
  )

const everyPage = async <Page extends Readonly<{ next: Key | null }>, Key, Item>(
  pageAfter: (after: Key | undefined) => Answer<Page>,
  itemsOf: (page: Page) => readonly Item[],
): Promise<readonly Item[]> => {
  const items: Item[] = []
  let after: Key | undefined
  for (;;) {
    const page: Page = rightOf(await pageAfter(after)())
    items.push(...itemsOf(page))
    if (page.next === null) return items
    after = page.next
  }
}

const withoutPosition = <Read extends Readonly<{ position: string }>>({ position: _, ...read }: Read) => read
