/** Verify: the log, its fold and the read model against each other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type EventStore, type Position, START } from '../event-store/event-store.ts'
import { readCheckpoint } from '../read-model/sqlite/checkpoint.ts'
import { openForReading, type ReadModelOpenFailure } from '../read-model/sqlite/database.ts'
import { attempt } from '../read-model/sqlite/sqlite-failure.ts'
import { checkEntries } from './check-entries.ts'
import { differences } from './compare.ts'
import type { Finding } from './findings.ts'
import { foldAgain, type LogUnreadable } from './fold-again.ts'
import { checkFile, unlessDamaged } from './read-model-file.ts'

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
  readModelPath: string
  /** Called now and then with how many events have been read. */
  onProgress?: (events: number) => void
}>

/**
 * Checks the read model's file, reads the whole log up to its checkpoint, checks that revisions are dense and that every
 * event can be read and can follow, folds it again, and compares every row. Changes nothing, and works beside a server: the
 * read model is looked at as it was when this began.
 */
export const verify = (options: VerifyOptions): TE.TaskEither<VerifyFailure, VerifyReport> =>
  TE.bracket(
    TE.fromEither(openForReading(options.readModelPath)),
    (readModel) =>
      TE.bracket(
        TE.fromIO(() => mkdtempSync(join(tmpdir(), 'run-ledger-verify-'))),
        (directory) => compareAll(options, readModel, join(directory, 'folded.db')),
        (directory) => TE.fromIO(() => rmSync(directory, { recursive: true, force: true })),
      ),
    (readModel) => TE.fromIO(() => readModel.close()),
  )

const compareAll = (
  { store, logFault, onProgress = () => undefined, readModelPath }: VerifyOptions,
  readModel: DatabaseSync,
  path: string,
): TE.TaskEither<VerifyFailure, VerifyReport> => {
  const ofFiles = collector()
  const ofEntries = collector()
  if (logFault !== null) ofFiles.add({ kind: 'damaged-log', detail: logFault })
  return pipe(
    TE.fromEither(positionIn(readModel, readModelPath)),
    TE.tapIO(() => () => checkFile(readModel, ofFiles.add)),
    TE.bindTo('position'),
    TE.let('entries', () => checkEntries(readModel, ofEntries.add)),
    TE.bindW('events', ({ position, entries }) =>
      foldAgain({ store, path, upTo: position, onChanges: entries.next, onProgress }),
    ),
    TE.map(({ position, entries, events }) => {
      entries.end()
      const { runs, ofRows } = compareRows(readModel, path)
      // After what they may follow from.
      return { position, events, runs, ...together([ofFiles, ofRows, ofEntries]) }
    }),
  )
}

/** The checkpoint, in one snapshot with all that is read after it: a server may be writing. */
const positionIn = (readModel: DatabaseSync, path: string): E.Either<ReadModelOpenFailure, Position> =>
  attempt(path, () => {
    readModel.exec('BEGIN')
    return readCheckpoint(readModel, 'projections')?.position ?? START
  })

const compareRows = (readModel: DatabaseSync, path: string) => {
  const ofRows = collector()
  readModel.prepare('ATTACH ? AS folded').run(path)
  const { runs } = readModel.prepare('SELECT count(*) AS runs FROM folded.runs__next').get() as { runs: number }
  unlessDamaged(ofRows.add, () => {
    for (const finding of differences(readModel)) ofRows.add(finding)
  })
  return { runs, ofRows }
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
