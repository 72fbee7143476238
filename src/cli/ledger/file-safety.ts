/** Keeps what a subcommand reads and writes apart from the ledger's own files. */
import * as E from 'fp-ts/lib/Either.js'
import type { LedgerConfig } from '../../config.ts'
import { type FilePlace, filePlace, isSameFile, placeOf } from '../../transfer/file-place.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'

/** Paths as they were given; `-` is standard input or standard output. */
export type Files = Readonly<{ inputs?: readonly string[]; outputs?: readonly string[] }>

/**
 * Refuses, before anything is read or written: an output or an input that is a file of the ledger, under whatever name, and
 * an output that is an input. Reading a file of the ledger is as bad: it would let go of SQLite's locks.
 */
export const checkFiles = (
  config: LedgerConfig | null,
  { inputs = [], outputs = [] }: Files,
): E.Either<CliFailure, void> => {
  const stores = config === null ? [] : ledgerFiles(config).map((path) => filePlace(path, 0))
  const read = inputs.map((path) => ({ path, at: filePlace(path, 0) }))
  const written = outputs.map((path) => ({ path, at: filePlace(path, 1) }))
  const own = [...read, ...written].find(({ at }) => isAmong(stores, at))
  if (own !== undefined) return E.left(refused(`${nameOf(own.path)} is a file of the ledger itself`))
  const both = written.find(({ at }) =>
    isAmong(
      read.map((each) => each.at),
      at,
    ),
  )
  return both === undefined ? E.right(undefined) : E.left(refused(`${nameOf(both.path)} is the file that is read`))
}

const refused = (why: string): CliFailure => cliFailure(EXIT.usage, `${why}: nothing was changed, name another one`)

const isAmong = (places: readonly FilePlace[], place: FilePlace): boolean =>
  places.some((each) => isSameFile(each, place))

const nameOf = (path: string): string => (path === '-' ? 'the standard stream' : path)

/** The ledger's files in this machine, and those that SQLite and the locks put beside them. */
const ledgerFiles = ({ eventStore, readModel, treePath }: LedgerConfig): readonly string[] => {
  const databases = [
    ...(eventStore.kind === 'embedded' ? [eventStore.path] : []),
    ...(readModel.kind === 'sqlite' ? [readModel.path] : []),
    treePath,
  ]
  // SQLite puts its files beside the one that a link leads to.
  const named = new Set(databases.flatMap((path) => [path, placeOf(path)]))
  return [...named].flatMap((path) => BESIDE.map((suffix) => path + suffix))
}

const BESIDE = [
  '',
  '-wal',
  '-shm',
  '-journal',
  '.new',
  '.lock',
  '.lock-journal',
  '.lock.json',
  '.lock.json.new',
] as const
