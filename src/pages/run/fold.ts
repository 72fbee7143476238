/** The run's states, folded here from its entries by the same functions that the ledger uses. */
import { evolve } from '../../../projections/current-run.ts'
import { noteSetters, type SetPart, setParts } from '../../../projections/provenance.ts'
import type { Entry } from '../../client/client.ts'
import type { RunEvent } from '../../run/events.ts'
import type { Json, JsonObject } from '../../run/json.ts'
import type { Run } from '../../run/run.ts'
import { CURRENT_VERSIONS, UPCASTERS, upcast, upcastersOf } from '../../run/upcasters.ts'

/**
 * The states of one run. Every hundredth is stored, and all of the hundred that are looked at: any other is at most 99
 * events away, and the next step costs nothing.
 */
export type Fold = Readonly<{
  /** Takes the next entries, revision by revision. */
  add: (entries: readonly Entry[]) => void
  /** Folds on for at most `budget` ms; false where there is nothing left to fold. */
  work: (budget: number) => boolean
  /** How many events are folded so far. */
  folded: () => number
  /** The Run after the event at `revision`; null where that is not folded, or cannot be. */
  at: (revision: number) => Run | null
}>

const EVERY = 100

export const createFold = (): Fold => {
  const entries: Entry[] = []
  // The Run after revision 99, 199, …
  const stored: Run[] = []
  let near: { from: number; runs: readonly Run[] } = { from: -1, runs: [] }
  let head: Run | null = null
  let folded = 0
  let stopped = false

  const step = (): void => {
    const next = entries[folded]
    const run = next === undefined ? null : after(head, next)
    if (run === null) {
      stopped = true
      return
    }
    head = run
    folded += 1
    if (folded % EVERY === 0) stored.push(run)
  }

  /** The states after each event from hundred `from` on, up to the event before `until`. */
  const between = (from: number, until: number): readonly Run[] => {
    const runs: Run[] = []
    let run: Run | null = from === 0 ? null : (stored[from - 1] ?? null)
    for (const entry of entries.slice(from * EVERY, until)) {
      run = after(run, entry)
      if (run === null) break
      runs.push(run)
    }
    return runs
  }

  return {
    add: (more) => void entries.push(...more),
    work: (budget) => {
      const until = performance.now() + budget
      while (!stopped && folded < entries.length && performance.now() < until) step()
      return !stopped && folded < entries.length
    },
    folded: () => folded,
    at: (revision) => {
      if (revision < 0 || revision >= folded) return null
      if (revision === folded - 1) return head
      const from = Math.floor(revision / EVERY)
      const until = Math.min(entries.length, (from + 1) * EVERY)
      if (near.from !== from || revision - from * EVERY >= near.runs.length) near = { from, runs: between(from, until) }
      return near.runs[revision - from * EVERY] ?? null
    },
  }
}

const shipped = upcastersOf(CURRENT_VERSIONS, UPCASTERS)

/** Null where the event cannot be read, or cannot follow: what the ledger quarantines. */
const after = (run: Run | null, { type, schema_version, data, changes }: Entry): Run | null => {
  if (changes === null || data === null || schema_version === null || shipped._tag === 'Left') return null
  const current = upcast(shipped.right, type, schema_version, data)
  // The ledger has checked it: an entry with changes was decoded by the schemas.
  const evolved = current === null ? null : evolve(run, { type, data: current } as unknown as RunEvent)
  return evolved?._tag === 'Right' ? evolved.right : null
}

export type Blamed = Readonly<{ path: string; value: Json; entry: Entry }>

/** Each field of `run`, and each key of its metadata, with the entry that set it, as of `revision`. */
export const blame = (run: Run, entries: readonly Entry[], revision: number): readonly Blamed[] => {
  const setters = new Map<string, string>()
  for (const entry of entries.slice(0, revision + 1)) noteSetters(setters, entry as Parameters<typeof noteSetters>[1])
  return [...setParts(run, setters)].flatMap(({ path, value, position }: SetPart) => {
    const entry = entryAt(entries, position)
    return entry === undefined ? [] : [{ path, value, entry }]
  })
}

/** The entry at `position`: a run's positions rise. */
const entryAt = (entries: readonly Entry[], position: string): Entry | undefined => {
  let [low, high] = [0, entries.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.position ?? '') < position) low = middle + 1
    else high = middle
  }
  return entries[low]
}

/** A value that a path had from the event of `entry` on; undefined where that event removed it. */
export type EarlierValue = Readonly<{ value: Json | undefined; entry: Entry }>

/** How many earlier values are looked up: each has to be folded. */
export const MOST_EARLIER = 50

/** The values that stood at `path`, a field or a key of the metadata, up to `revision`: newest first, at most `MOST_EARLIER`. */
export const earlierValues = (
  path: string,
  entries: readonly Entry[],
  fold: Fold,
  revision: number,
): readonly EarlierValue[] =>
  entries
    .slice(0, revision + 1)
    .filter(({ changes }) => changes?.some((change) => touches(change.path, path)))
    .slice(-MOST_EARLIER)
    .map((entry) => ({ value: valueAt(fold.at(entry.revision), path), entry }))
    // What created the run set all of its metadata, and most keys were not there yet.
    .filter(({ value }, at) => at > 0 || value !== undefined)
    .toReversed()

/** Whether a change at one path changes what stands at the other. */
const touches = (changed: string, path: string): boolean =>
  changed === path || path.startsWith(`${changed}/`) || changed.startsWith(`${path}/`)

const valueAt = (run: Run | null, path: string): Json | undefined => {
  const [, field = '', key] = path.split('/', 3)
  const value = run?.[field as keyof Run]
  if (key === undefined) return value
  const name = key.replaceAll('~1', '/').replaceAll('~0', '~')
  return Object.hasOwn(value as JsonObject, name) ? (value as JsonObject)[name] : undefined
}
