/** Verify: the log, its fold and the read model against each other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { type EventStore, type Position, START } from '../event-store/event-store.ts'
import { readCheckpoint } from '../read-model/sqlite/checkpoint.ts'
import { openForReading, type ReadModelOpenFailure } from '../read-model/sqlite/database.ts'
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
  readModelPath: string
  /** Told how many events have been read, now and then. */
  onProgress?: (events: number) => void
}>

/**
 * Reads the whole log up to the read model's checkpoint, checks that revisions are dense and that every event can be
 * read and can follow, folds it again, and compares every row. Changes nothing, and works beside a server: the read
 * model is looked at as it was when this began.
 */
export const verify =
  ({ store, readModelPath, onProgress = () => undefined }: VerifyOptions): TaskEither<VerifyFailure, VerifyReport> =>
  async () => {
    const opened = openForReading(readModelPath)
    if (opened._tag === 'Left') return opened
    const directory = mkdtempSync(join(tmpdir(), 'run-ledger-verify-'))
    try {
      return await verifyIn(join(directory, 'folded.db'), store, opened.right, onProgress)
    } finally {
      opened.right.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }

const verifyIn = async (
  path: string,
  store: EventStore,
  readModel: DatabaseSync,
  onProgress: (events: number) => void,
): Promise<Either<VerifyFailure, VerifyReport>> => {
  // One snapshot from the checkpoint to the last row: a server may be writing.
  readModel.exec('BEGIN')
  const position = readCheckpoint(readModel, 'projections')?.position ?? START
  const ofEntries = collector()
  const entries = checkEntries(readModel, ofEntries.add)
  const folded = await foldAgain({ store, path, upTo: position, onChanges: entries.next, onProgress })()
  if (folded._tag === 'Left') return left(folded.left)
  entries.end()
  readModel.prepare('ATTACH ? AS folded').run(path)
  const { runs } = readModel.prepare('SELECT count(*) AS runs FROM folded.runs__next').get() as { runs: number }
  const { add, counts, findings } = collector()
  for (const finding of differences(readModel)) add(finding)
  // After what it may follow from.
  const all = [...findings, ...ofEntries.findings].slice(0, MAX_FINDINGS)
  return right({
    position,
    events: folded.right,
    runs,
    counts: { ...counts, ...ofEntries.counts },
    findings: all,
  })
}

const collector = () => {
  const counts: Partial<Record<Finding['kind'], number>> = {}
  const findings: Finding[] = []
  const add = (finding: Finding): void => {
    counts[finding.kind] = (counts[finding.kind] ?? 0) + 1
    if (findings.length < MAX_FINDINGS) findings.push(finding)
  }
  return { counts, findings, add }
}
