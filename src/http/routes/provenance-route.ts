/** `GET /runs/{run_id}/provenance`: for each field of a run and each key of its metadata, the Entry that set it. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { LRUCache } from 'lru-cache'
import type { Entry } from '../../../projections/audit-entry.ts'
import { noteSetters, type Setters, setParts } from '../../../projections/provenance.ts'
import { ProvenanceAnswer } from '../../api/run-views.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import type { EntryKey, EntryPage, EntryQuery, RunRead, StoredRun } from '../../read-model/read-model.ts'
import { readJson } from '../../run/read-json.ts'
import type { Run } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { NoQuery, ReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { streamAnswer } from '../response/answer-stream.ts'
import { POSITION_HEADER, reached, withPosition } from '../response/await-position.ts'
import { JSON_TYPE, produces } from '../response/content-negotiation.ts'
import { orThrow } from '../response/problem-error.ts'
import { type Refusal, respond } from '../response/problem-response.ts'
import { NO_SUCH_RUN, readProblem, readRefusal, unreadable } from '../response/read-problems.ts'
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
    (request, reply) => {
      const { run_id } = request.params
      note(request, { run_id })
      return respond<string | undefined>(
        reply,
        pipe(
          reached(parts, request.headers['run-ledger-position']),
          TE.flatMap(() => pipe(readModel.getRun(run_id), TE.mapLeft(readRefusal))),
          TE.map(withPosition(reply)),
          TE.flatMapEither(readable),
          TE.map(({ run, position }) => textsOf(parts, readJson<Run>(run.text), position)),
          TE.flatMapTask((texts) => () => streamAnswer(parts, request, reply, JSON_TYPE, texts)),
        ),
      )
    },
  )
}

/** Refused where the run does not exist, or where some of its events cannot be read. */
const readable = ({
  run,
  quarantine,
  position,
}: RunRead): E.Either<Refusal, { run: StoredRun; position: Position }> => {
  if (quarantine !== null) return E.left({ problem: unreadable(quarantine) })
  return run === null ? E.left({ problem: NO_SUCH_RUN }) : E.right({ run, position })
}

/**
 * The answer in parts. An Entry is repeated for each field that it set, so the answer for a run with many keys can be a
 * thousand times the size of its history: Entries that do not fit into memory are read again.
 */
async function* textsOf({ readModel }: ServerParts, run: Run, until: Position): AsyncGenerator<string, void> {
  const { run_id } = run
  const pageOf = (query: Pick<EntryQuery, 'after' | 'limit'>): Promise<EntryPage> =>
    orThrow(
      pipe(readModel.listEntries({ run_id: [run_id], sort: 'position', until, ...query }), TE.mapLeft(readProblem)),
    )
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
    if (entry === undefined) throw new Error('an Entry has disappeared')
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
  permission: 'reader',
  summary: 'For each field of a run and each key of its metadata, the Entry that set it',
  description:
    'A field that no later event set is set by `RunCreated`. `/run_metadata` itself and `/last_updated_at` are set by the last event that touched them. An event that repeats the current value of a field does not set it.',
  tag: 'audit',
  answers: {
    200: { description: 'In the order of the fields', schema: ProvenanceAnswer, headers: POSITION_HEADER },
  },
  problems: ['run-not-found', 'run-deleted', 'run-unreadable', 'position-not-reached'],
})
