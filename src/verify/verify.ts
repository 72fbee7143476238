/** Verify: the log, its fold and the read model against each other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { RUNS } from '../../projections/runs.ts'
import type { Table } from '../../projections/table.ts'
import type { EventStore, Position } from '../event-store/event-store.ts'
import type { ReadModelOpenFailure } from '../read-model/open-failure.ts'
import type { ReadModelOutOfReach } from '../read-model/projection-store.ts'
import type { Snapshot } from '../read-model/snapshot.ts'
import { openSnapshot } from '../read-model/sqlite/snapshot.ts'
import { checkEntries } from './check-entries.ts'
import { differences } from './compare.ts'
import type { Finding } from './findings.ts'
import { foldAgain, type LogUnreadable } from './fold-again.ts'

export type VerifyReport = Readonly<{
  /** The read model's checkpoint, up to which the log was read. */
  position: Position
  events: number
  runs: number
  /** How many findings there are of each kind. */
  counts: Readonly<Partial<Record<Finding['kind'], number>>>
  /** The first of them, at most `MAX_FINDINGS`. */
  findings: readonly Finding[]
}>

export type VerifyFailure = ReadModelOpenFailure | LogUnreadable

/** A report names this many findings; beyond it they are only counted. */
export const MAX_FINDINGS = 1_000

export type VerifyOptions = Readonly<{
  store: EventStore
  /** What is wrong with the log's own file, null where nothing is: see `storeFault`. */
  logFault: string | null
  readModel: TE.TaskEither<ReadModelOpenFailure, Snapshot>
  /** Called now and then with how many events have been read. */
  onProgress?: (events: number) => void
}>

/**
 * Checks where the read model is stored, reads the whole log up to its checkpoint, checks that revisions are dense and that
 * every event can be read and can follow, folds it again, and compares every row. Changes nothing, and works beside a server:
 * the read model is looked at as it was when this began.
 */
export const verify = (options: VerifyOptions): TE.TaskEither<VerifyFailure, VerifyReport> =>
  TE.bracket(
    options.readModel,
    (readModel) =>
      TE.bracket(
        TE.fromIO(() => mkdtempSync(join(tmpdir(), 'run-ledger-verify-'))),
        (directory) => compareAll(options, readModel, join(directory, 'folded.db')),
        (directory) => TE.fromIO(() => rmSync(directory, { recursive: true, force: true })),
      ),
    (readModel) => TE.fromTask(readModel.close),
  )

const compareAll = (
  { store, logFault, onProgress = () => undefined }: VerifyOptions,
  readModel: Snapshot,
  path: string,
): TE.TaskEither<VerifyFailure, VerifyReport> => {
  const { position, covers } = readModel
  const ofFiles = collector()
  const ofEntries = collector()
  if (logFault !== null) ofFiles.add({ kind: 'damaged-log', detail: logFault })
  return pipe(
    TE.fromTask(readModel.faults),
    TE.tapIO((faults) => () => {
      for (const detail of faults) ofFiles.add({ kind: 'damaged-read-model', detail })
    }),
    TE.flatMapTask(() => () => checkEntries(readModel, ofEntries.add)),
    TE.flatMap(({ take, compare, end }) =>
      pipe(
        foldAgain({ store, path, upTo: position, covers, onChanges: take, onWritten: compare, onProgress }),
        TE.tapTask(() => end),
      ),
    ),
    TE.bindTo('events'),
    TE.bindW('rows', () => compareRows(readModel, path)),
    // After what they may follow from.
    TE.map(({ events, rows: { runs, ofRows } }) => ({
      position,
      events,
      runs,
      ...together([ofFiles, ofRows, ofEntries]),
    })),
    TE.flatMapEither(unlessFailed(readModel)),
  )
}

/** Of rows that could not be read nothing can be said. */
const unlessFailed =
  (readModel: Snapshot) =>
  <Report>(report: Report): E.Either<ReadModelOutOfReach, Report> => {
    const failure = readModel.failure()
    return failure === null ? E.right(report) : E.left(failure)
  }

/** Compares all rows with those that were folded into the file at `path`, and returns how many runs these are. */
const compareRows = (
  readModel: Snapshot,
  path: string,
): TE.TaskEither<ReadModelOpenFailure, Readonly<{ runs: number; ofRows: Collector }>> =>
  TE.bracket(
    TE.fromEither(openSnapshot(path, 'next')),
    (folded) =>
      TE.fromTask(async () => {
        const ofRows = collector()
        const onDamage = (detail: string) => ofRows.add({ kind: 'damaged-read-model', detail })
        for await (const finding of differences({ readModel, folded, onDamage })) ofRows.add(finding)
        return { runs: await countRows(folded, RUNS), ofRows }
      }),
    (folded) => TE.fromTask(folded.close),
  )

const countRows = async (snapshot: Snapshot, table: Table): Promise<number> => {
  let count = 0
  for await (const rows of snapshot.rows(table, table.key)) count += rows.length
  return count
}

type Collector = Readonly<{
  counts: Partial<Record<Finding['kind'], number>>
  findings: Finding[]
  add: (finding: Finding) => void
}>

const collector = (): Collector => {
  const counts: Collector['counts'] = {}
  const findings: Finding[] = []
  const add = (finding: Finding): void => {
    counts[finding.kind] = (counts[finding.kind] ?? 0) + 1
    if (findings.length < MAX_FINDINGS) findings.push(finding)
  }
  return { counts, findings, add }
}

const together = (collectors: readonly Collector[]): Pick<VerifyReport, 'counts' | 'findings'> => {
  const counts: Collector['counts'] = {}
  for (const each of collectors)
    for (const [kind, count] of Object.entries(each.counts) as [Finding['kind'], number][])
      counts[kind] = (counts[kind] ?? 0) + count
  return { counts, findings: collectors.flatMap(({ findings }) => findings).slice(0, MAX_FINDINGS) }
}
