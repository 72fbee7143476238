/** The audit trail, wherever the ledger is: page by page, each Entry as the text that is stored. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Client, ClientProblem } from '../../client/client.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryFilters, EntrySort, StoredEntry } from '../../read-model/read-model.ts'
import { readJson } from '../../run/read-json.ts'
import { type EntryReads, entryPages } from '../../transfer/entry-pages.ts'
import { withTrail } from '../ledger/open-trail.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome } from '../outcome.ts'
import { ofProblem } from './client-failure.ts'
import type { Place } from './place.ts'
import { withServer } from './with-client.ts'

export type EntrySelection = EntryFilters & Readonly<{ sort: EntrySort }>

/** Every entry of a selection up to where the read model was when it was opened. Throws what `ofEntries` puts in words. */
export type EntrySource = (
  selection: EntrySelection,
  signal: AbortSignal,
  pageSize?: number,
) => AsyncIterable<readonly StoredEntry[]>

export const withEntrySource = (place: Place, use: (entries: EntrySource) => Outcome): Outcome =>
  place.kind === 'stores'
    ? withTrail(place.config, (readModel, { position }) => use(storedEntries(readModel, position)))
    : withServer(place, ({ client }) =>
        use((selection, signal) => entriesOf(client, place.url.href, selection, signal)),
      )

/** The entries of a read model up to position `until`. */
export const storedEntries =
  (readModel: EntryReads, until: Position): EntrySource =>
  (selection, signal, pageSize) =>
    entryPages(readModel, { ...selection, until }, signal, pageSize)

/** Why entries could not be read to their end. */
export const ofEntries = (error: unknown): CliFailure =>
  error instanceof Error && 'failure' in error
    ? (error.failure as CliFailure)
    : cliFailure(
        EXIT.store,
        `it could not be read to its end, and is cut: ${error instanceof Error ? error.message : String(error)}`,
      )

/** Reads lines until the loop ends or `signal` aborts, which closes the connection. */
async function* entriesOf(
  { exportEntries }: Client,
  where: string,
  selection: EntrySelection,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredEntry[]> {
  const answer = await exportEntries('ndjson', selection, { signal })
  if (answer._tag === 'Left') throw refused(where, answer.left)
  let rest = ''
  for await (const text of answer.right.body.pipeThrough(new TextDecoderStream() as never) as AsyncIterable<string>) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (lines.length > 0) yield lines.map(storedEntry)
  }
}

const refused = (where: string, problem: ClientProblem) =>
  Object.assign(new Error(problem._tag), { failure: ofProblem(where)(problem) })

const storedEntry = (text: string): StoredEntry => {
  const { position, type } = readJson<{ position: string; type: string }>(text)
  return { position, type, text }
}

/** Whether `entries` have any of this selection. */
export const hasAny = (
  entries: EntrySource,
  filters: EntryFilters,
  signal: AbortSignal,
): TE.TaskEither<CliFailure, boolean> =>
  pipe(
    TE.tryCatch(async () => {
      for await (const page of entries({ ...filters, sort: 'position' }, signal, 1)) if (page.length > 0) return true
      return false
    }, ofEntries),
  )
