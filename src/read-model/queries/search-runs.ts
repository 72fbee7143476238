/**
 * Runs of which a search is true: candidates are looked at one after another in the order of the list, for as long as the
 * budget allows, at least one a page.
 */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { QueryTooExpensive, RunPage, StoredRun } from '../read-model.ts'
import {
  type Key,
  type KeyRange,
  keyOf,
  type ListStatements,
  MAX_PAGE_CHARACTERS,
  mostSelective,
  type Page,
  type Query,
  type QueryBudget,
  type Row,
} from './keyset-pagination.ts'
import { type RunPath, type RunPlan, sortKey } from './list-runs.ts'

export type SearchStatements<Statement> = ListStatements<RunPath, Statement, StoredRun> &
  Readonly<{
    /** The first `limit` keys of a path, in the order of the list: each is a candidate, whether it passes the path's tests or not. */
    keysOn: (path: RunPath, range: KeyRange, limit: number) => Statement
    /**
     * A row for each key, in their order: the key's place, a verdict and the revision. No verdict but `OUT_OF_TIME` is reached
     * once the clock, in ms since 1970, is at `until`; the rows after such a one may be missing.
     */
    verdictsOf: (keys: readonly Key[], path: RunPath, until: number) => Statement
    /** The verdict on the row of one whose metadata has to be folded first. */
    verdictFolded: (key: Key, revision: number) => Query<Statement, boolean>
  }>

export const NO_MATCH = 0
export const MATCH = 1
/** Its metadata is not stored, and has to be folded. */
export const TO_BE_FOLDED = 2
export const OUT_OF_TIME = 3

/** `count`: null where counting has taken too long. */
export type FoundRuns = Omit<RunPage, 'position' | 'count'> & Readonly<{ count?: number | null }>

/** A page as it is answered; the failure of one that was to be counted and took too long. */
export const counted = <Page extends FoundRuns>(
  page: Page,
): Either<QueryTooExpensive, Omit<Page, 'count'> & Pick<RunPage, 'count'>> => {
  const { count, ...rest } = page
  if (count === null) return left({ _tag: 'QueryTooExpensive', detail: 'counting took longer than it may' })
  return right(count === undefined ? rest : { ...rest, count })
}

/** A page of the runs that a plan with a search finds, with their count where asked for; null where `budget` has no time for it. */
export function* searchRuns<Statement>(
  plan: RunPlan,
  statements: SearchStatements<Statement>,
  wantsCount: boolean,
  budget: QueryBudget,
): Query<Statement, FoundRuns | null> {
  if (budget.search === null) return null
  const { entries, search } = budget
  const page = yield* searchedPage(plan, statements, { entries, ms: search.pageMs })
  const found = { runs: page.items, next: page.next && sortKey(page.next) }
  return wantsCount ? { ...found, count: yield* countFound(plan, statements, { entries, ms: search.countMs }) } : found
}

type SearchBudget = Pick<QueryBudget, 'entries' | 'ms'>

type Verdict = readonly [place: number, verdict: number, revision: number]

/** A page of what is found. Short, even empty, where the time is up. */
export function* searchedPage<Statement>(
  plan: RunPlan,
  statements: SearchStatements<Statement>,
  budget: SearchBudget,
): Query<Statement, Page<StoredRun>> {
  const items: StoredRun[] = []
  let characters = 0
  const next = yield* walk(plan, statements, budget, function* ({ value, tie }, revision) {
    const item = yield* statements.itemAt([value, tie, null, revision])
    items.push(item)
    characters += statements.charactersOf(item)
    return items.length < plan.limit && characters < MAX_PAGE_CHARACTERS
  })
  return { items, next }
}

/** How many runs are found, over all pages; null where that takes too long. */
export function* countFound<Statement>(
  plan: RunPlan,
  statements: SearchStatements<Statement>,
  budget: SearchBudget,
): Query<Statement, number | null> {
  let count = 0
  // biome-ignore lint/correctness/useYield: it takes a match without a statement.
  const rest = yield* walk({ ...plan, after: undefined }, statements, budget, function* () {
    count += 1
    return true
  })
  return rest === null ? count : null
}

/** Takes a match; returns whether another is wanted. */
type Take<Statement> = (key: Key, revision: number) => Query<Statement, boolean>

/** Goes through the candidates. Returns the last that was looked at, null where no other follows. */
function* walk<Statement>(
  plan: RunPlan,
  statements: SearchStatements<Statement>,
  budget: SearchBudget,
  take: Take<Statement>,
): Query<Statement, Key | null> {
  const until = Date.now() + budget.ms
  const { path, keysAfter } = yield* candidatesOf(plan, statements, budget)
  let { after } = plan
  // The first candidate is looked at however long that takes, so that every page gets on.
  let [size, limit] = [1, Number.MAX_SAFE_INTEGER]
  for (;;) {
    const keys = yield* keysAfter(after, size)
    const verdicts = (yield statements.verdictsOf(keys, path, limit)) as unknown as readonly Verdict[]
    const round = yield* look(statements, { keys, verdicts, after, limit }, take)
    if (round.isOver) return round.last
    if (keys.length < size) return null
    after = round.last
    size = size === 1 ? plan.limit : Math.min(4 * size, MOST_AT_ONCE)
    limit = until
  }
}

type Candidates<Statement> = Readonly<{
  path: RunPath
  /** The next `size` keys in the order of the list; fewer at its end. */
  keysAfter: (after: Key | undefined, size: number) => Query<Statement, readonly Key[]>
}>

function* candidatesOf<Statement>(
  plan: RunPlan,
  statements: SearchStatements<Statement>,
  budget: SearchBudget,
): Query<Statement, Candidates<Statement>> {
  const selective = yield* mostSelective(statements, plan.selective, budget.entries)
  if (selective === null)
    return {
      path: plan.scan,
      keysAfter: function* (after, size) {
        return keysIn(yield statements.keysOn(plan.scan, { after }, size))
      },
    }
  // Everything that it finds is little: its keys are sorted.
  const sorted = keysIn(yield statements.keysFoundBy(selective, { after: plan.after }, budget.entries))
  let seen = 0
  return {
    path: selective,
    // biome-ignore lint/correctness/useYield: the keys are at hand.
    keysAfter: function* (_, size) {
      seen += size
      return sorted.slice(seen - size, seen)
    },
  }
}

type Round = Readonly<{
  keys: readonly Key[]
  verdicts: readonly Verdict[]
  after: Key | undefined
  limit: number
}>

/** Looks at the candidates of a round. It is over where the time is up, or no other match is wanted. */
function* look<Statement>(
  statements: SearchStatements<Statement>,
  { keys, verdicts, after, limit }: Round,
  take: Take<Statement>,
): Query<Statement, Readonly<{ last: Key; isOver: boolean }>> {
  let last = after as Key
  for (const [place, verdict, revision] of verdicts) {
    const key = keys[place] as Key
    if (verdict === OUT_OF_TIME || (verdict === TO_BE_FOLDED && Date.now() >= limit)) return { last, isOver: true }
    // Two events of a run at one time are two candidates, and one run.
    const isTwin = key.value === last?.value && key.tie === last.tie
    last = key
    if (isTwin || verdict === NO_MATCH) continue
    if (verdict === TO_BE_FOLDED && !(yield* statements.verdictFolded(key, revision))) continue
    if (!(yield* take(key, revision))) return { last, isOver: true }
  }
  return { last, isOver: false }
}

// So many keys are sent and answered at once.
const MOST_AT_ONCE = 4_096

const keysIn = (rows: readonly Row[]): readonly Key[] => rows.map(keyOf)
