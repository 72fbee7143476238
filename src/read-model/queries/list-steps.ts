/** Replay: the steps of one run, each with the event's Entry and the Run after it. */

import type { Run } from '../../run/run.ts'
import type { StepPage } from '../read-model.ts'
import { damage } from './damage.ts'
import { MAX_PAGE_CHARACTERS, type Query, type Row } from './keyset-pagination.ts'
import {
  constantsOf,
  metadataAt,
  runAfter,
  runAt,
  type Version,
  type VersionStatements,
  versionOf,
  withColumns,
} from './run-versions.ts'

export type StepStatements<Statement> = VersionStatements<Statement> &
  Readonly<{
    /**
     * The run's JSON with a line break in the place of status, result, metadata, start and last update: what JSON the tables
     * hold has none. No row where nothing of the run can be read.
     */
    outlineOf: (run_id: string) => Statement
    /** The first `limit` versions from a revision on. A large Entry is left out. */
    stepsFrom: (run_id: string, from: number, limit: number) => Statement
    /** The version of one revision, with its Entry. */
    stepAt: (run_id: string, revision: number) => Statement
    /** A row where the log has any event of the run. */
    anyStep: (run_id: string) => Statement
  }>

/** The steps of a run from revision `from` on. */
export function* listSteps<Statement>(
  statements: StepStatements<Statement>,
  run_id: string,
  { from, limit }: Readonly<{ from: number; limit: number }>,
): Query<Statement, Pick<StepPage, 'exists' | 'text' | 'next'>> {
  const [outline] = yield statements.outlineOf(run_id)
  const pieces = outline === undefined ? null : String(outline[0]).split('\n')
  const metadata = metadataReader(statements, run_id)
  const steps: string[] = []
  let characters = 0
  let next: number | null = from
  while (next !== null) {
    const wanted: number = Math.min(limit + 1 - steps.length, STEPS_AT_ONCE)
    const rows: readonly Row[] = yield statements.stepsFrom(run_id, next, wanted)
    for (const row of rows) {
      const version = versionOf(row)
      if (steps.length >= limit || characters >= MAX_PAGE_CHARACTERS)
        return { exists: true, text: steps.join(','), next: version.revision }
      const step =
        knownStep(version, pieces, metadata.known) ?? (yield* stepOf(statements, run_id, version, pieces, metadata))
      steps.push(step)
      characters += step.length
    }
    next = rows.length < wanted ? null : versionOf(rows.at(-1) ?? []).revision + 1
  }
  const exists = steps.length > 0 || (yield statements.anyStep(run_id)).length > 0
  return { exists, text: steps.join(','), next: null }
}

const STEPS_AT_ONCE = 256

function* stepOf<Statement>(
  statements: StepStatements<Statement>,
  run_id: string,
  found: Version,
  pieces: readonly string[] | null,
  metadata: ReturnType<typeof metadataReader<Statement>>,
): Query<Statement, string> {
  const { revision } = found
  const version = found.entry === null ? versionOf((yield statements.stepAt(run_id, revision))[0] ?? []) : found
  const { entry, status } = version
  if (entry === null || entry === undefined) throw damage(`revision ${revision} of the run ${run_id} has no Entry`)
  if (pieces === null || status === null) return stepText(revision, entry, null)
  const text = metadata.known(version) ?? (yield* metadata.folded(version))
  return stepText(revision, entry, textOf(pieces, version, text))
}

/** The step of a version that takes no further statement, as nearly all do; null of another. */
const knownStep = (
  version: Version,
  pieces: readonly string[] | null,
  knownMetadata: (version: Version) => string | null,
): string | null => {
  const { revision, entry, status } = version
  if (entry === null) return null
  if (pieces === null || status === null) return stepText(revision, entry, null)
  const metadata = knownMetadata(version)
  return metadata === null ? null : stepText(revision, entry, textOf(pieces, version, metadata))
}

/** The metadata of one version after another: carried on, so that what is not stored is folded once. */
const metadataReader = <Statement>(statements: StepStatements<Statement>, run_id: string) => {
  let last: Version | null = null
  let metadata: string | null = null
  /** The Run at `last`, where it was folded. */
  let run: Run | null = null

  return {
    /** Null where it has to be folded. */
    known: (version: Version): string | null => {
      if (version.run_metadata !== null) {
        metadata = version.run_metadata
        run = null
      } else if (metadata === null || version.metadata_kept === 0) return null
      else if (run !== null) run = withColumns(run, version)
      last = version
      return metadata
    },
    folded: function* (version: Version): Query<Statement, string> {
      if (metadata === null || last === null) metadata = yield* metadataAt(statements, run_id, version.revision)
      else {
        run = runAfter(run ?? runAt(yield* constantsOf(statements, run_id), last, metadata), version)
        metadata = JSON.stringify(run.run_metadata)
      }
      last = version
      return metadata
    },
  }
}

const stepText = (revision: number, entry: string, run: string | null): string =>
  `{"revision":${revision},"entry":${entry},"run":${run}}`

const textOf = (
  pieces: readonly string[],
  { status, result, started_at, occurred_at }: Version,
  metadata: string,
): string =>
  `${pieces[0]}${status}${pieces[1]}${JSON.stringify(result)}${pieces[2]}${metadata}${pieces[3]}` +
  `${started_at === null ? 'null' : `"${started_at}"`}${pieces[4]}${occurred_at}${pieces[5]}`
