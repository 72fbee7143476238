/** Exports the audit trail run by run, as XES wants it. */
import type { RunAnswer } from '../api/answers.ts'
import type { EntryAnswer } from '../api/entries.ts'
import type { Position } from '../event-store/event-store.ts'
import type { EntryFilters, ReadModel, RunPage, SortKey, StepPage } from '../read-model/read-model.ts'
import { readJson } from '../run/read-json.ts'
import { type EntryReads, entryPages, patiently } from './entry-pages.ts'
import { type Export, type ExportWatch, exportOf, exportTally } from './export.ts'
import { eventElement, TRACE_END, traceBegin, XES_BEGIN, XES_END } from './xes.ts'

type RunReads = EntryReads & Pick<ReadModel, 'getRun' | 'listRuns' | 'listSteps' | 'projections'>

/**
 * A trace for each run with entries up to `until` that match `filters`, in the order in which the runs were created;
 * runs of which nothing can be read come last.
 */
export const exportXes = (
  readModel: RunReads,
  filters: EntryFilters,
  until: Position,
  { onProgress, ...watch }: ExportWatch,
): Export => {
  const { signal } = watch
  const tally = exportTally()

  async function* trace({ run_id, text }: Named): AsyncGenerator<string> {
    const before = tally.events()
    const walk = { ...filters, run_id: [run_id], sort: 'position' as const, until }
    const runAfter = runsAfter(readModel, run_id, signal)
    for await (const entries of entryPages(readModel, walk, signal)) {
      let piece = ''
      for (const stored of entries) {
        if (tally.events() === before) piece += traceBegin(run_id, runIn(text))
        tally.add({ run_id, position: stored.position })
        const entry = readJson<EntryAnswer>(stored.text)
        piece += eventElement(entry, await runAfter(entry.revision))
      }
      if (piece !== '') yield piece
    }
    if (tally.events() > before) yield TRACE_END
  }

  async function* pieces(): AsyncGenerator<string> {
    yield XES_BEGIN
    for await (const runs of runsOf(readModel, filters, signal)) {
      let text = ''
      for (const run of runs)
        for await (const piece of trace(run)) {
          text += piece
          if (text.length < PIECE_CHARACTERS) continue
          yield text
          text = ''
        }
      yield text
      onProgress(tally.events())
    }
    yield XES_END
  }

  return exportOf(pieces(), tally.counts, watch)
}

const PIECE_CHARACTERS = 256 * 1024
const RUNS_A_PAGE = 200

const STEPS_A_PAGE = 200

type ReplayStep = Readonly<{ revision: number; run: RunAnswer | null }>

/** The Run after each event of `run_id`, asked for in their order; null where the fold does not get as far. */
const runsAfter = (readModel: Pick<ReadModel, 'listSteps'>, run_id: string, signal: AbortSignal) => {
  let steps: readonly ReplayStep[] = []
  let next: number | null = 0
  return async (revision: number): Promise<RunAnswer | null> => {
    while (next !== null && (steps.at(-1)?.revision ?? -1) < revision && !signal.aborted) {
      const from = Math.max(next, revision)
      const page: StepPage = await patiently(readModel.listSteps(run_id, { from, limit: STEPS_A_PAGE }), signal)
      steps = readJson<readonly ReplayStep[]>(`[${page.text}]`)
      next = page.next
    }
    return steps.find((step) => step.revision === revision)?.run ?? null
  }
}

/** A run, and the Run as JSON; null where none could be folded. */
type Named = Readonly<{ run_id: string; text: string | null }>

const runIn = (text: string | null): RunAnswer | null => (text === null ? null : readJson<RunAnswer>(text))

/** The runs that may have entries which match, each once. */
async function* runsOf(
  readModel: RunReads,
  { run_id: ids, policy_version_id, run_group_id }: EntryFilters,
  signal: AbortSignal,
): AsyncGenerator<readonly Named[]> {
  if (ids !== undefined) {
    for (const run_id of new Set(ids)) {
      const { run } = await patiently(readModel.getRun(run_id), signal)
      yield [{ run_id, text: run?.text ?? null }]
    }
    return
  }
  const { projections } = await patiently(readModel.projections(), signal)
  const unread = new Set(projections.flatMap(({ quarantined }) => quarantined.map(({ run_id }) => run_id)))
  let after: SortKey | undefined
  do {
    const query = { policy_version_id, run_group_id, sort: 'created_at' as const, limit: RUNS_A_PAGE, after }
    const page: RunPage = await patiently(readModel.listRuns({ ...query, count: false }), signal)
    for (const { run_id } of page.runs) unread.delete(run_id)
    yield page.runs
    after = page.next ?? undefined
  } while (after !== undefined && !signal.aborted)
  yield [...unread].toSorted().map((run_id) => ({ run_id, text: null }))
}
