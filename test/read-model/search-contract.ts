/** What every read model finds by a search: compared with an evaluator over the Runs that raw events make. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredEvent } from '../../src/event-store/event-store.ts'
import type { ReadModel, RunMoment, RunQuery, SortKey } from '../../src/read-model/read-model.ts'
import type { RunEvent } from '../../src/run/events.ts'
import type { Json, JsonObject } from '../../src/run/json.ts'
import type { Run } from '../../src/run/run.ts'
import { TERMINAL_STATUSES } from '../../src/run/terminal-status.ts'
import { parseSearch } from '../../src/search/parse.ts'
import type { JsonField, Scalar, Search } from '../../src/search/syntax.ts'
import { type Seen, seenIn } from '../support/oracles/oracle.ts'
import { isTrueOf } from '../support/oracles/search-oracle.ts'
import { PLAIN_FIELDS, searches, searchText, termsOf, type Vocabulary } from '../support/oracles/searches.ts'
import type { ReadModelStore } from '../support/read-model/read-model-stores.ts'
import { interleaved } from '../support/read-model/read-models.ts'
import { at, changed, completed, created, metadata, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

// Texts whose order by bytes is not that of UTF-16, texts that look like other types, doubles that are near each other.
const TEXTS = ['', 'a', 'ab', 'B', 'é', '\u{fb01}', '😀', '1', 'true', 'null', 'self-employed', 'a"b\\c', 'line\n']
const NUMBERS = [0, 1, -1, 10, 0.1, 0.30000000000000004, 0.3, 1.5, 1e300, 5e-324, 9007199254740991, -2.5e-10]
const SCALARS: readonly Scalar[] = [...TEXTS, ...NUMBERS, true, false, null]
const KEYS = ['a', 'b', 'score', '', 'a"b', 'a.b', '[0]', '$', '0', "it's", 'é', 'constructor', 'back\\slash', '#']

const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { arbitrary: fc.constantFrom(...SCALARS), weight: 3 },
    { arbitrary: fc.array(tie('json'), { maxLength: 4 }), weight: 1 },
    {
      arbitrary: fc.dictionary(fc.constantFrom(...KEYS), tie('json'), { maxKeys: 4, noNullPrototype: true }),
      weight: 2,
    },
  ),
}))
const object = fc.dictionary(fc.constantFrom(...KEYS), json, { maxKeys: 6, noNullPrototype: true })

/** Metadata so large that most versions of it are folded again. */
const LARGE = { large: 'x'.repeat(5_000) }

const life: fc.Arbitrary<readonly RunEvent[]> = fc
  .record({
    input_data: object,
    documents: fc.tuple(object, object, object),
    isLarge: fc.nat(3).map((one) => one === 0),
    begin: fc.nat(8),
    pauses: fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3)),
    events: fc.integer({ min: 1, max: 5 }),
    result: fc.constantFrom('DECLINED', 'APPROVED', '', null),
    group: fc.constantFrom(null, 'group-1', 'group-2'),
    status: fc.constantFrom(...TERMINAL_STATUSES),
    learntLate: fc.option(fc.nat(20)),
  })
  .map(({ input_data, documents, isLarge, begin, pauses, events, result, group, status, learntLate }) => {
    const [first, second, third] = documents
    const [p, q, r] = pauses
    const whole: readonly RunEvent[] = [
      created({
        run_group_id: group,
        policy_version_id: `policy-${begin % 3}`,
        input_data,
        run_metadata: { ...first, ...(isLarge ? LARGE : {}) },
        occurred_at: at(begin),
      }),
      started({ occurred_at: at(begin + p) }),
      changed({ status: 'IN_REVIEW', run_metadata: second, occurred_at: at(begin + p + q) }),
      changed({ status: 'WAITING', occurred_at: at(begin + p + q) }),
      completed({ status, result, run_metadata: third, occurred_at: at(begin + p + q + r) }),
    ]
    const some = whole.slice(0, events)
    if (learntLate === null) return some
    return some.map((event, revision) => ({
      ...event,
      metadata: metadata({ imported: { recorded_at: at(learntLate + revision), position: '1' } }),
    }))
  })

const moment: fc.Arbitrary<RunMoment> = fc.oneof(
  fc.constant({}),
  fc.integer({ min: 0, max: 14 }).map((minute) => ({ as_of: at(minute) })),
  fc.integer({ min: 0, max: 24 }).map((minute) => ({ known_at: at(minute) })),
  fc.tuple(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 24 })).map(([as_of, known_at]) => ({
    as_of: at(as_of),
    known_at: at(known_at),
  })),
)

const SORTS = ['created_at', '-created_at', 'last_updated_at', '-last_updated_at'] as const

const asked: fc.Arbitrary<Asked> = fc.record({
  moment,
  sort: fc.constantFrom(...SORTS),
  limit: fc.integer({ min: 1, max: 30 }),
  status: fc.option(fc.constantFrom(['IN_REVIEW'], ['SUCCESS', 'FAILURE']), { nil: undefined, freq: 4 }),
})

type Standing = Readonly<{ run: Run; revision: number }>

/** Each run as it stood at a moment. */
const standingAt = (seen: readonly Seen[], { as_of = '~', known_at = '~' }: RunMoment): readonly Standing[] => {
  const last = new Map<string, Standing>()
  for (const { after, known_from, stored } of seen)
    if (after !== null && after.last_updated_at <= as_of && known_from <= known_at)
      last.set(after.run_id, { run: after, revision: stored.revision })
  return [...last.values()]
}

/** The paths into a document, to objects and arrays too, and some that lead nowhere. */
const pathsIn = (value: Json, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] => {
  if (typeof value !== 'object' || value === null) return [path]
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value as JsonObject)
  return [
    path,
    ...members.flatMap(([step, inner]) => pathsIn(inner as Json, [...path, step])),
    [...path, 'none'],
    [...path, 9],
  ]
}

const heldAt = (run: Run, { name, path }: JsonField): Json | undefined =>
  path.reduce<Json | undefined>(
    (json, step) => (Object.hasOwn(Object(json), step) ? (json as Record<string | number, Json>)[step] : undefined),
    run[name],
  )

/** Scalars, and those inside of arrays. */
const scalarsIn = (json: Json | undefined): readonly Scalar[] => {
  if (Array.isArray(json)) return json.flatMap((element: Json) => (typeof element === 'object' ? [] : [element]))
  return json === undefined || (typeof json === 'object' && json !== null) ? [] : [json as Scalar]
}

const vocabularyOf = (runs: readonly Run[]): Vocabulary => {
  const fieldsIn = (name: JsonField['name']): readonly JsonField[] => {
    const paths = new Map(runs.flatMap((run) => pathsIn(run[name])).map((path) => [JSON.stringify(path), path]))
    // What many runs have more often than what few have.
    return [...paths.values()].flatMap((path) =>
      Array<JsonField>(path.length < 2 ? 8 : 1).fill({ kind: 'json', name, path }),
    )
  }
  const json = [...fieldsIn('input_data'), ...fieldsIn('run_metadata')]
  return {
    // As often something plain as something inside.
    fields: [
      ...json,
      ...Array.from({ length: Math.ceil(json.length / PLAIN_FIELDS.length) }, () => PLAIN_FIELDS).flat(),
    ],
    values: SCALARS,
    valuesOf: (field) => {
      if (field.kind === 'json') return runs.flatMap((run) => scalarsIn(heldAt(run, field)))
      return field.kind === 'text' ? runs.map((run) => run[field.name]) : [0, 1, 2, 3]
    },
    times: Array.from({ length: 12 }, (_, minute) => at(minute)),
    durations: [0, 60_000, 120_000, 300_000, 1],
  }
}

const found = async (readModel: ReadModel, query: Omit<RunQuery, 'count' | 'after'>): Promise<readonly string[]> => {
  const texts: string[] = []
  let after: SortKey | undefined
  for (;;) {
    const page = rightOf(await readModel.listRuns({ ...query, after, count: false })())
    expect(page.runs.length).toBeLessThanOrEqual(query.limit)
    texts.push(...page.runs.map(({ text }) => text))
    if (page.next === null) return texts
    after = page.next
  }
}

type Asked = Readonly<{
  moment: RunMoment
  sort: RunQuery['sort']
  limit: number
  status: readonly string[] | undefined
}>

/** The Runs of which a search is true, in the order asked for. */
const expectedOf = (standing: readonly Standing[], search: Search, { sort, status }: Asked): readonly Run[] => {
  const sign = sort.startsWith('-') ? -1 : 1
  const key = (run: Run) => `${sort.endsWith('created_at') ? run.created_at : run.last_updated_at} ${run.run_id}`
  return standing
    .filter(({ run, revision }) => isTrueOf(search, run, revision) && (status?.includes(run.status) ?? true))
    .map(({ run }) => run)
    .sort((a, b) => (key(a) < key(b) ? -sign : sign))
}

/** What searches reached: how many found some runs and not all, and which terms were true of a run. */
const createTally = () => {
  const terms = new Set<string>()
  let [searched, telling] = [0, 0]
  return {
    add: (search: Search, standing: readonly Standing[], found: number) => {
      searched += 1
      if (found > 0 && found < standing.length) telling += 1
      for (const term of termsOf(search))
        if (standing.some(({ run, revision }) => isTrueOf(term, run, revision)))
          terms.add(`${term.field.kind} ${term.kind === 'comparison' ? term.operator : term.kind}`)
    },
    terms: () => [...terms],
    share: () => telling / searched,
  }
}

const randomLogs = fc
  .tuple(fc.array(life, { minLength: 40, maxLength: 40 }), fc.array(fc.nat(), { minLength: 8, maxLength: 8 }))
  .map(([lives, picks]) => interleaved(new Map(lives.map((events, i) => [`run-${i}`, events])), picks))

/** `logs`: how many are searched; a statement over a connection takes longer than one in this process. */
export const searchContract = ({ name, open }: ReadModelStore, logs = 5): void => {
  describe(`searches of ${name}`, () => {
    test('find every run of which they are true, now or at any moment, in any order, and count them', async () => {
      const tally = createTally()
      const inLog = async (log: readonly StoredEvent[]): Promise<void> => {
        const { project, readModel } = await open()
        await project(log)
        const seen = seenIn(log)
        const check = async (search: Search, query: Asked): Promise<void> => {
          const standing = standingAt(seen, query.moment)
          const expected = expectedOf(standing, search, query)
          const { moment, ...list } = query
          const texts = await found(readModel, { ...list, ...moment, q: search })
          expect(
            texts.map((text) => JSON.parse(text)),
            searchText(search),
          ).toEqual(expected)
          const { count } = rightOf(
            await readModel.listRuns({ ...list, ...moment, q: search, limit: 1, count: true })(),
          )
          expect(count, searchText(search)).toBe(expected.length)
          tally.add(search, standing, expected.length)
        }
        const vocabulary = vocabularyOf(standingAt(seen, {}).map(({ run }) => run))
        await fc.assert(fc.asyncProperty(searches(vocabulary, 6), asked, check), { numRuns: 200 })
      }
      await fc.assert(fc.asyncProperty(randomLogs, inLog), { numRuns: logs, endOnFailure: true })
      if (logs < 5) return
      const everyTerm = ['json', 'text'].flatMap((kind) => OPERATORS.map((operator) => `${kind} ${operator}`))
      expect(tally.terms()).toEqual(expect.arrayContaining(everyTerm))
      expect(tally.share()).toBeGreaterThan(0.15)
    })

    test('tell types, missing values and nulls apart', async () => {
      const { project, readModel } = await open()
      await project(interleaved(EXAMPLE_RUNS, [0]))
      for (const [q, run_ids] of EXAMPLES) {
        const texts = await found(readModel, { q: rightOf(parseSearch(q)), sort: 'created_at', limit: 10 })
        expect([q, texts.map((text) => (JSON.parse(text) as Run).run_id)]).toEqual([q, run_ids])
      }
    })
  })
}

const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', 'in', 'startswith', 'contains', 'exists']

const EXAMPLE_RUNS: ReadonlyMap<string, readonly RunEvent[]> = new Map(
  (
    [
      ['one', { a: 1, b: true, list: ['x', 1, null, true], nul: 'a\u0000b', 'key\u0000': 1, long: 0.1 + 0.2 }],
      ['two', { a: '1', b: 'true', list: 'x1', nul: 'a', deep: { 'a.b': { '': 5 } } }],
      ['none', {}],
      ['null', { a: null, b: null, list: null }],
    ] as const
  ).map(([run_id, run_metadata], i) => [run_id, [created({ run_id, run_metadata, occurred_at: at(i) })]]),
)

/** Where types, missing values and nulls meet. */
const EXAMPLES: readonly (readonly [string, readonly string[]])[] = [
  ['metadata.a = 1', ['one']],
  ['metadata.a = "1"', ['two']],
  ['metadata.a != 1', []],
  ['metadata.a != 2', ['one']],
  ['not metadata.a = 1', ['two', 'none', 'null']],
  ['metadata.a = null', ['null']],
  ['metadata.a != null', []],
  ['not metadata.a != null', ['one', 'two', 'none', 'null']],
  ['metadata.a exists', ['one', 'two', 'null']],
  ['not metadata.a exists', ['none']],
  ['metadata.a in (null, "1")', ['two', 'null']],
  ['metadata.b = true', ['one']],
  ['metadata.b = 1', []],
  ['metadata.b = "true"', ['two']],
  ['metadata.list contains 1', ['one']],
  ['metadata.list contains true', ['one']],
  ['metadata.list contains null', ['one']],
  ['metadata.list contains "x"', ['one', 'two']],
  ['metadata.list[0] = "x"', ['one']],
  ['metadata.list[9] exists', []],
  ['metadata["0"] exists', []],
  ['metadata.deep["a.b"][""] = 5', ['two']],
  ['metadata.nul startswith "a\\u0000b"', ['one']],
  ['metadata.nul contains "\\u0000b"', ['one']],
  ['metadata.nul = "a"', ['two']],
  ['metadata["key\\u0000"] = 1', ['one']],
  ['metadata.long = 0.30000000000000004', ['one']],
  ['metadata.long = 0.3', []],
  ['metadata exists and input exists', ['one', 'two', 'none', 'null']],
  ['result exists', ['one', 'two', 'none', 'null']],
  ['result = null and started_at = null', ['one', 'two', 'none', 'null']],
  ['duration exists', []],
  ['not duration > 1s', ['one', 'two', 'none', 'null']],
  ['run_id = "two"', ['two']],
  ['run_id in ("two", "one") and revision = 0', ['one', 'two']],
  ['status = 1 or revision = "0"', []],
]
