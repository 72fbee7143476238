/** Writes the audit trail: each event's Entry with the version that the run got by it, and its ids. */
import type { Compilable } from 'kysely'
import { type EntryText, entryTextOf } from '../../../../projections/audit-entry.ts'
import type { Transition } from '../../../../projections/current-run.ts'
import { type RunVersion, versionOf } from '../../../../projections/run-version.ts'
import type { StoredEvent } from '../../../event-store/event-store.ts'
import { numberOf } from '../../queries/positions.ts'
import { bound, queries } from '../database.ts'
import { hashesOf } from '../entry-ids.ts'
import type { Tables } from '../tables.ts'
import type { PrepareChange } from './statement-batch.ts'

/** What an event puts into the tables. */
export type EntryToWrite = Readonly<{
  position: number
  run_id: string
  revision: number
  type: string
  entry: EntryText
  /** Null where the run cannot be read as far as this. */
  version: RunVersion | null
}>

/** `known`: when the ledger knew the run as far as the event before it. */
export const entryToWrite = (event: StoredEvent, transition: Transition | null, known: string): EntryToWrite => {
  const entry = entryTextOf(event, transition)
  const known_from = entry.recorded_at > known ? entry.recorded_at : known
  return {
    position: numberOf(event.position),
    run_id: event.stream,
    revision: event.revision,
    type: event.type,
    entry,
    version: transition === null ? null : versionOf(transition, event, known_from),
  }
}

export type EntryWriter = Readonly<{
  put: (entry: EntryToWrite) => void
  /** The same for an entry that is there already, as of a run that could not be read until now. */
  replace: (entry: EntryToWrite) => void
}>

export const createEntryWriter = (change: PrepareChange, tables: Tables): EntryWriter => {
  const prepare = (query: Compilable) => change(query.compile().sql)
  const entries = prepare(insertEntry(tables))
  const texts = prepare(insertEntryText(tables))
  const ids = prepare(insertEntryId(tables))
  const dropAt = [tables.entries, tables.entry_texts].map((table) => prepare(deleteAt(table)))
  const dropId = prepare(deleteId(tables))

  const put = (written: EntryToWrite): void => {
    const { position, run_id, revision, type, entry, version } = written
    const { actor, occurred_at, recorded_at, text } = entry
    const { known_from, status, result, started_at, metadata_kept, run_metadata, event_metadata } =
      version ?? NO_VERSION
    entries.run(
      position,
      run_id,
      revision,
      type,
      actor,
      occurred_at ?? '',
      recorded_at,
      known_from,
      status,
      result,
      started_at,
      metadata_kept,
    )
    texts.run(position, text, run_metadata, event_metadata)
    for (const hash of hashesOf(entry)) ids.run(hash, position)
  }

  return {
    put,
    replace: (written) => {
      const { position, entry } = written
      for (const drop of dropAt) drop.run(position)
      // The ids are in the metadata, and can have been read before only where they can be read now.
      for (const hash of hashesOf(entry)) dropId.run(hash, position)
      put(written)
    },
  }
}

/** Of an entry whose run cannot be read as far as it. */
export const NO_VERSION = {
  known_from: null,
  status: null,
  result: null,
  started_at: null,
  metadata_kept: null,
  run_metadata: null,
  event_metadata: null,
} as const

const insertEntry = (tables: Tables) =>
  queries.insertInto(tables.entries).values({
    position: bound(),
    run_id: bound(),
    revision: bound(),
    type: bound(),
    actor: bound(),
    occurred_at: bound(),
    recorded_at: bound(),
    known_from: bound(),
    status: bound(),
    result: bound(),
    started_at: bound(),
    metadata_kept: bound(),
  })

const insertEntryText = (tables: Tables) =>
  queries.insertInto(tables.entry_texts).values({
    position: bound(),
    entry: bound(),
    run_metadata: bound(),
    event_metadata: bound(),
  })

const insertEntryId = (tables: Tables) =>
  queries.insertInto(tables.entry_ids).values({ hash: bound(), position: bound() })

const deleteAt = (table: Tables['entries'] | Tables['entry_texts']) =>
  queries.deleteFrom(table).where('position', '=', bound())

const deleteId = (tables: Tables) =>
  queries.deleteFrom(tables.entry_ids).where('hash', '=', bound()).where('position', '=', bound())
