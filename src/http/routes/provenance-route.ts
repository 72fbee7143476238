/** `GET /runs/{run_id}/provenance`: for each field of a run and each key of its metadata, the Entry that set it. */
import { LRUCache } from 'lru-cache'
import type { Entry } from '../../../projections/audit-entry.ts'
import { noteSetters, type Setters, setParts } from '../../../projections/provenance.ts'
import { ProvenanceAnswer } from '../../api/run-views.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import type { EntryKey, EntryPage, EntryQuery } from '../../read-model/read-model.ts'
import { readJson } from '../../run/read-json.ts'
import type { Run } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { NoQuery, ReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { streamAnswer } from '../response/answer-stream.ts'
import { notReached } from '../response/positions.ts'
import { problemError } from '../response/problem-error.ts'
import { MADE_AT, NO_SUCH_RUN, readProblem, refuseRead, unreadable } from '../response/reads.ts'
import { JSON_TYPE, POSITION, produces, refuse } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { RunPath } from './command-routes.ts'

export const provenanceRoute = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  app.get(
    '/runs/:run_id/provenance',
    {
      schema: { ...DOCUMENTED, params: RunPath, querystring: NoQuery, headers: ReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    async (request, reply) => {
      const { run_id } = request.params
      note(request, { run_id })
      const late = await notReached(parts, request.headers['run-ledger-position'])
      if (late !== null) return refuse(reply, late)
      const read = await readModel.getRun(run_id)()
      if (read._tag === 'Left') return refuseRead(request, reply, read.left)
      const { run, quarantine, position } = read.right
      reply.header(POSITION, position)
      if (quarantine !== null) return refuse(reply, unreadable(quarantine))
      if (run === null) return refuse(reply, NO_SUCH_RUN)
      const texts = textsOf(parts, readJson<Run>(run.text), position)
      return streamAnswer(parts, request, reply, JSON_TYPE, texts)
    },
  )
}

/**
 * The answer bit by bit. An Entry is told once for each part that it set, so the answer of a run with many keys can be a
 * thousand times its history: Entries that do not fit into memory are read again.
 */
async function* textsOf({ readModel }: ServerParts, run: Run, until: Position): AsyncGenerator<string, void> {
  const { run_id } = run
  const pageOf = async (query: Pick<EntryQuery, 'after' | 'limit'>): Promise<EntryPage> => {
    const page = await readModel.listEntries({ run_id: [run_id], sort: 'position', until, ...query })()
    if (page._tag === 'Left') throw problemError(readProblem(page.left))
    return page.right
  }
  const kept = new LRUCache<Position, string>({ maxSize: KEPT_CHARACTERS, sizeCalculation: (text) => text.length })
  const setters: Setters = new Map()
  let after: EntryKey | null = { value: START, position: START }
  while (after !== null) {
    const page: EntryPage = await pageOf({ after, limit: PAGE })
    for (const { position, text } of page.entries) {
      noteSetters(setters, readJson<Entry>(text))
      kept.set(position, text)
    }
    after = page.next
  }

  const entryAt = async (position: Position): Promise<string> => {
    const before = String(BigInt(position) - 1n).padStart(position.length, '0')
    const [entry] = (await pageOf({ after: { value: before, position: before }, limit: 1 })).entries
    if (entry === undefined) throw new Error('an Entry went away')
    kept.set(position, entry.text)
    return entry.text
  }

  let text = '{"data":['
  let isFirst = true
  for (const { path, value, position } of setParts(run, setters)) {
    const entry = kept.get(position) ?? (await entryAt(position))
    text += `${isFirst ? '' : ','}{"path":${JSON.stringify(path)},"value":${JSON.stringify(value)},"entry":${entry}}`
    isFirst = false
    if (text.length < CHUNK_CHARACTERS) continue
    yield text
    text = ''
  }
  yield `${text}]}`
}

const PAGE = 500
const KEPT_CHARACTERS = 4 * 1024 * 1024
const CHUNK_CHARACTERS = 64 * 1024

const DOCUMENTED = documented({
  operationId: 'getProvenance',
  summary: 'For each field of a run and each key of its metadata, the Entry that set it',
  description:
    'What no event set since the creation was set by the `RunCreated`; `/run_metadata` itself and `/last_updated_at` by the last event that touched them. Setting a value that stood there already sets nothing.',
  tag: 'audit',
  answers: {
    200: { description: 'In the order of the fields', schema: ProvenanceAnswer, headers: MADE_AT },
  },
  problems: ['run-not-found', 'run-deleted', 'run-unreadable', 'position-not-reached'],
})
