/** What a run was at each revision: what it takes to list every run as it stood at any moment. */
import type { JsonObject } from '../src/run/json.ts'
import type { Run } from '../src/run/run.ts'
import type { Time } from '../src/run/time.ts'
import type { PlacedEvent } from './audit-entry.ts'
import type { Transition } from './current-run.ts'

/**
 * The Run stood so from its event's `occurred_at` in the world and from `known_from` for the ledger, until the next version
 * did: times inside a run only grow, so the intervals are half-open and end where the next begin. What is not here never
 * changes, and is taken from the current Run.
 */
export type RunVersion = Readonly<{
  known_from: Time
  status: string
  result: string | null
  started_at: Time | null
  /** Whether `run_metadata` is stored, 1 or 0; null where the event changed nothing of it. */
  metadata_kept: 1 | 0 | null
  /** JSON text; null where it is not stored. */
  run_metadata: string | null
  /** The event's metadata as stored, where `run_metadata` is large after it: folding it again takes the whole event. */
  event_metadata: string | null
}>

/** The version that `transition` made of its run by `stored`; `known_from`: when the ledger knew all up to it. */
export const versionOf = ({ before, after }: Transition, stored: PlacedEvent, known_from: Time): RunVersion => ({
  known_from,
  status: after.status,
  result: after.result,
  started_at: after.started_at,
  ...keptMetadata(before, after, stored.revision),
  event_metadata: metadataLength(after.run_metadata) > SMALL_METADATA ? stored.metadata : null,
})

/** Metadata of up to this many characters is stored with every version that changed it. */
export const SMALL_METADATA = 2_048

/**
 * Large metadata is stored with one of several versions only, the fewer the larger it is: all versions of a run together take
 * space in proportion to their number, and not to their number times their size. Which ones looks random, so that no
 * rhythm of changes avoids them. Between two of them the events are folded again.
 */
const keptMetadata = (
  before: Run | null,
  after: Run,
  revision: number,
): Pick<RunVersion, 'metadata_kept' | 'run_metadata'> => {
  if (before !== null && before.run_metadata === after.run_metadata) return { metadata_kept: null, run_metadata: null }
  const run_metadata = JSON.stringify(after.run_metadata)
  rememberLength(after.run_metadata, run_metadata.length)
  return scrambled(revision) % Math.ceil(run_metadata.length / SMALL_METADATA) === 0
    ? { metadata_kept: 1, run_metadata }
    : { metadata_kept: 0, run_metadata: null }
}

// Knuth, The Art of Computer Programming, volume 3, section 6.4: multiplicative hashing.
const scrambled = (revision: number): number => Math.imul(revision, 2_654_435_761) >>> 0

// By identity: most events leave the object as it is, and measuring it is most of what its version costs.
const lengths = new WeakMap<JsonObject, number>()

/** How many characters the JSON of a run's metadata has. */
export const metadataLength = (metadata: JsonObject): number => {
  const known = lengths.get(metadata)
  if (known !== undefined) return known
  const { length } = JSON.stringify(metadata)
  lengths.set(metadata, length)
  return length
}

/** Spares `metadataLength` the work where the JSON is at hand: it has `length` characters. */
export const rememberLength = (metadata: JsonObject, length: number): void => {
  lengths.set(metadata, length)
}
