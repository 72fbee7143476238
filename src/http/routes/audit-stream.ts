/** All matching Entries as one answer: read page by page, so that it holds neither a transaction nor much memory. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditQuery, EntryFormat } from '../../api/entries.ts'
import { CLOUD_EVENTS_TYPE } from '../../api/entry-formats/entry-cloud-event.ts'
import { CSV_TYPE } from '../../api/entry-formats/entry-csv.ts'
import { cloudEventsForm, csvForm, type EntryForm, NDJSON_FORM } from '../../api/entry-formats/entry-forms.ts'
import { type Problem, problem } from '../../api/problems.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryPage, EntryQuery } from '../../read-model/read-model.ts'
import { countRows } from '../door/access-notes.ts'
import { NDJSON_TYPE } from '../response/content-negotiation.ts'
import { orThrow, problemError } from '../response/problem-error.ts'
import { readProblem } from '../response/read-problems.ts'
import { POSITION } from '../response/response-headers.ts'
import type { ServerParts } from '../server-parts.ts'

/** An answer that is made while it is sent. */
type AuditStream = Readonly<{ type: string; texts: AsyncGenerator<string, void> }>

/** The streams of one server: at most `limits.auditStreams` are open at once. */
export const createAuditStreams = ({ readModel, limits, cloudEventsSource, catchUpTurn }: ServerParts) => {
  let open = 0

  /**
   * The page of `query`. A failed read is tried again, since what was sent cannot be taken back. So is a read from a read
   * model that a rebuild has put in place, until that has reached the position of the one before it.
   */
  const pageOf = (
    query: EntryQuery & Readonly<{ until: Position }>,
    tries: number,
  ): TE.TaskEither<Problem, EntryPage> =>
    pipe(
      readModel.listEntries(query),
      TE.mapLeft((failure): Retry => ({ problem: readProblem(failure), wait: () => sleep(RETRY_MS) })),
      TE.filterOrElse(
        ({ position }) => position >= query.until,
        (): Retry => ({ problem: REBUILT, wait: () => readModel.waitFor(query.until, RETRY_MS) }),
      ),
      TE.orElse(({ problem: failed, wait }) =>
        tries <= 1
          ? TE.left(failed)
          : pipe(
              TE.fromTask(wait),
              TE.flatMap(() => pageOf(query, tries - 1)),
            ),
      ),
    )

  async function* textsOf(reply: FastifyReply, walk: Pick<EntryQuery, 'sort'>, form: Form) {
    if (open >= limits.auditStreams) throw problemError(TOO_MANY)
    open += 1
    try {
      const until = await orThrow(pipe(readModel.position(), TE.mapLeft(readProblem)))
      const query = { ...walk, until, limit: PAGE }
      await catchUpTurn()
      let page = await orThrow(pageOf(query, 1))
      reply.header(POSITION, until).headers(form.headers)
      countRows(reply, page.entries.length)
      yield form.begin + form.rows(page.entries, true)
      let isFirst = page.entries.length === 0
      while (page.next !== null) {
        await catchUpTurn()
        page = await orThrow(pageOf({ ...query, after: page.next }, TRIES))
        countRows(reply, page.entries.length)
        yield form.rows(page.entries, isFirst)
        isFirst &&= page.entries.length === 0
      }
      yield form.end
    } finally {
      open -= 1
    }
  }

  return (reply: FastifyReply, query: AuditQuery, format: StreamFormat): AuditStream => {
    const { limit: _, cursor: __, format: ___, csv, ...walk } = query
    const form = formOf(format, csv, cloudEventsSource)
    return { type: form.type, texts: textsOf(reply, walk, form) }
  }
}

/** Why a page could not be read, and what to wait for before the next try. */
type Retry = Readonly<{ problem: Problem; wait: () => Promise<unknown> }>

// Entries in a page: some milliseconds of work, some hundred kilobytes of text.
const PAGE = 250
const TRIES = 20
const RETRY_MS = 250

type StreamFormat = Exclude<EntryFormat, 'json'>

type Form = EntryForm & Readonly<{ type: string; headers: Readonly<Record<string, string>> }>

const formOf = (format: StreamFormat, csv: 'raw' | undefined, source: string): Form => {
  switch (format) {
    case 'ndjson':
      return { type: NDJSON_TYPE, headers: {}, ...NDJSON_FORM }
    case 'csv': {
      const cells = csv ?? 'escaped'
      const headers = cells === 'raw' ? {} : { 'run-ledger-csv-escaped': 'formula' }
      return { type: CSV_TYPE, headers, ...csvForm(cells) }
    }
    case 'cloudevents':
      return { type: CLOUD_EVENTS_TYPE, headers: {}, ...cloudEventsForm(source) }
    default:
      return format satisfies never
  }
}

const REBUILT = problem('store-unavailable', 'the read model was rebuilt, and has not caught up again yet')
const TOO_MANY = problem('too-many-streams', 'the most answers that may be streamed at once are open: try again later')
