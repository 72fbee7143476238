/** All Entries that match, as one answer: read page by page, so that it holds neither a transaction nor much memory. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { AuditQuery, EntryFormat } from '../../api/entries.ts'
import { CLOUD_EVENTS_TYPE } from '../../api/entry-cloud-event.ts'
import { CSV_TYPE } from '../../api/entry-csv.ts'
import { cloudEventsForm, csvForm, type EntryForm, NDJSON_FORM } from '../../api/entry-forms.ts'
import { problem } from '../../api/problems.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryPage, EntryQuery } from '../../read-model/read-model.ts'
import { problemError } from '../response/problem-error.ts'
import { readProblem } from '../response/reads.ts'
import { NDJSON_TYPE, POSITION } from '../response/replies.ts'
import type { ServerParts } from '../server-parts.ts'

/** An answer that is made while it is sent. */
type AuditStream = Readonly<{ type: string; texts: AsyncGenerator<string, void> }>

/** The streams of one server, which has at most `limits.auditStreams` of them open. */
export const createAuditStreams = ({ readModel, limits, cloudEventsSource, catchUpTurn }: ServerParts) => {
  let open = 0

  /**
   * The page of `query`. A read model that is busy is asked again, since what was sent cannot be taken back; and so is one
   * that a rebuild has put in place, until it is as far as the one before it was.
   */
  const pageOf = async (query: EntryQuery & Readonly<{ until: Position }>, tries: number): Promise<EntryPage> => {
    for (let left = tries; ; left -= 1) {
      const page = await readModel.listEntries(query)()
      if (page._tag === 'Right' && page.right.position >= query.until) return page.right
      if (left <= 1) throw problemError(page._tag === 'Left' ? readProblem(page.left) : MADE_ANEW)
      if (page._tag === 'Left') await sleep(RETRY_MS)
      else await readModel.waitFor(query.until, RETRY_MS)
    }
  }

  async function* textsOf(reply: FastifyReply, walk: Pick<EntryQuery, 'sort'>, form: Form) {
    if (open >= limits.auditStreams) throw problemError(TOO_MANY)
    open += 1
    try {
      const at = await readModel.position()()
      if (at._tag === 'Left') throw problemError(readProblem(at.left))
      const until = at.right
      const query = { ...walk, until, limit: PAGE }
      await catchUpTurn()
      let page = await pageOf(query, 1)
      reply.header(POSITION, until).headers(form.headers)
      yield form.begin + form.rows(page.entries, true)
      let isFirst = page.entries.length === 0
      while (page.next !== null) {
        await catchUpTurn()
        page = await pageOf({ ...query, after: page.next }, TRIES)
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

// Of a page: some milliseconds of work, some hundred kilobytes of text.
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

const MADE_ANEW = problem('store-unavailable', 'the read model was made anew, and is not as far as it was')
const TOO_MANY = problem('too-many-streams', 'as many answers are being streamed as may be: try again later')
