/** What a run was at each revision: what it takes to list every run as it stood at any moment. */
import type { Run } from '../src/run/run.ts'
import type { Time } from '../src/run/time.ts'
import type { Transition } from './current-run.ts'

/**
 * It stood so from its event's `occurred_at` in the world and from `known_from` for the ledger, until the next version did:
 * times inside a run only grow, so the intervals are half-open and end where the next begin. What is not here is in the
 * current Run, which it cannot change: `result` and `started_at` come once.
 */
export type RunVersion = Readonly<{
  known_from: Time
  status: string
  /** Whether `run_metadata` are kept, 1 or 0; null where the event changed nothing of them. */
  metadata_kept: 1 | 0 | null
  /** JSON text; null where it is not kept. */
  run_metadata: string | null
}>

/** The version that `transition` made at `revision`; `known_from`: when the ledger knew all up to it. */
export const versionOf = ({ before, after }: Transition, revision: number, known_from: Time): RunVersion => ({
  known_from,
  status: after.status,
  ...keptMetadata(before, after, revision),
})

/** Metadata up to so many characters are kept with every version that changed them. */
export const SMALL_METADATA = 2_048

/**
 * Large metadata are kept with one of so many versions only, the rarer the larger: all versions of a run together take
 * space in proportion to their number, and not to their number times their size. Which ones looks random, so that no
 * rhythm of changes avoids them. Between two of them the patches of the events are folded again.
 */
const keptMetadata = (
  before: Run | null,
  after: Run,
  revision: number,
): Pick<RunVersion, 'metadata_kept' | 'run_metadata'> => {
  if (before !== null && before.run_metadata === after.run_metadata) return { metadata_kept: null, run_metadata: null }
  const run_metadata = JSON.stringify(after.run_metadata)
  return scrambled(revision) % Math.ceil(run_metadata.length / SMALL_METADATA) === 0
    ? { metadata_kept: 1, run_metadata }
    : { metadata_kept: 0, run_metadata: null }
}

// Knuth, The Art of Computer Programming, volume 3, section 6.4: multiplicative hashing.
const scrambled = (revision: number): number => Math.imul(revision, 2_654_435_761) >>> 0
