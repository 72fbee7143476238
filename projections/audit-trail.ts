/** The projection `audit-entry`: the audit trail, an Entry for each event, and the version that its run got by it. */
import { entryTextOf } from './audit-entry.ts'
import { hashesOf } from './entry-ids.ts'
import type { Projection } from './projection.ts'
import { versionOf } from './run-version.ts'
import { INTEGER, INTEGER_OR_NULL, TEXT, TEXT_OR_NULL, tableOf } from './table.ts'

/**
 * An event's place in the audit trail, with what it is searched by; `occurred_at` is '' where it cannot be read. And which
 * version of its run the event made, from `known_from` on: all null where the run cannot be read as far as this.
 */
export const ENTRIES = tableOf({
  name: 'entries',
  kind: 'rows',
  columns: {
    position: INTEGER,
    run_id: TEXT,
    revision: INTEGER,
    type: TEXT,
    actor: TEXT_OR_NULL,
    occurred_at: TEXT,
    recorded_at: TEXT,
    known_from: TEXT_OR_NULL,
    status: TEXT_OR_NULL,
    result: TEXT_OR_NULL,
    started_at: TEXT_OR_NULL,
    // 1 where `run_metadata` is stored with this version, 0 where it has to be folded, null where the event left it as it was.
    metadata_kept: INTEGER_OR_NULL,
  },
  key: ['position'],
  stored: 'by-key',
  // Each ends in the position, which is the row's own number.
  indexes: {
    // All that says which version of a run stood at a moment: no row is read for it.
    run: { columns: ['run_id', 'revision', 'occurred_at', 'known_from', 'status', 'metadata_kept'] },
    actor: { columns: ['actor'] },
    actor_occurred: { columns: ['actor', 'occurred_at'] },
    occurred: { columns: ['occurred_at'] },
    result: { columns: ['result'], whereNotNull: 'result' },
  },
})

/**
 * An Entry as JSON, and the version's metadata where `metadata_kept` is 1. They are separate so that a scan of
 * many entries reads only what is searched for.
 */
export const ENTRY_TEXTS = tableOf({
  name: 'entry_texts',
  kind: 'rows',
  columns: { position: INTEGER, entry: TEXT, run_metadata: TEXT_OR_NULL, event_metadata: TEXT_OR_NULL },
  key: ['position'],
  stored: 'by-key',
  indexes: {},
})

/** Finds the entries of a command or correlation id by `hashOf` it; two ids may share one. */
export const ENTRY_IDS = tableOf({
  name: 'entry_ids',
  kind: 'rows',
  columns: { hash: INTEGER, position: INTEGER },
  key: [],
  stored: 'as-they-come',
  indexes: { hash: { columns: ['hash', 'position'] } },
})

export const auditTrail = {
  name: 'audit-entry',
  version: 3,
  tables: [ENTRIES, ENTRY_TEXTS, ENTRY_IDS],
  per: 'event',
  changes: ({ placed, transition, known_from }, out) => {
    const { revision, type, stream } = placed
    const position = positionNumber(placed.position)
    const entry = entryTextOf(placed, transition)
    const { actor, recorded_at } = entry
    const version = transition === null ? NO_VERSION : versionOf(transition, placed, known_from)
    const { status, result, started_at, metadata_kept, run_metadata, event_metadata } = version
    out.put(ENTRIES, [
      position,
      stream,
      revision,
      type,
      actor,
      entry.occurred_at ?? '',
      recorded_at,
      version.known_from,
      status,
      result,
      started_at,
      metadata_kept,
    ])
    out.put(ENTRY_TEXTS, [position, entry.text, run_metadata, event_metadata])
    for (const hash of hashesOf(entry)) out.put(ENTRY_IDS, [hash, position])
  },
} as const satisfies Projection

/**
 * A position as the tables hold it: a number takes half the space of the text. Positions beyond 2^53, which no log of either
 * store has, are after all others.
 */
const positionNumber = (position: string): number => Math.min(Number(position), Number.MAX_SAFE_INTEGER)

/** Of an event up to which its run cannot be read. */
const NO_VERSION = {
  known_from: null,
  status: null,
  result: null,
  started_at: null,
  metadata_kept: null,
  run_metadata: null,
  event_metadata: null,
} as const
