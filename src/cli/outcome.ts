/** How a subcommand ends: its exit status, and what it says where it could not do what it was asked. */
import { type Either, left } from 'fp-ts/lib/Either.js'
import type { UsageFailure } from '../config.ts'
import type { OpenFailure, StoreInUse } from '../event-store/open.ts'

export const EXIT = { done: 0, refused: 1, usage: 2, store: 3 } as const

/** One or two plain lines that say what to do. */
export type CliFailure = Readonly<{ status: number; lines: readonly string[] }>

/** What every subcommand's action comes to; right is the exit status. */
export type Outcome = Either<CliFailure, number>

/** Makes a subcommand's action of a function that answers how it ended. */
export type Ending = <Given extends unknown[]>(
  action: (...given: Given) => Promise<Outcome>,
) => (...given: Given) => Promise<void>

export const failed = (status: number, ...lines: readonly string[]): Either<CliFailure, never> =>
  left({ status, lines })

export const usageFailure = ({ detail }: UsageFailure): Either<CliFailure, never> => failed(EXIT.usage, detail)

/** Why a store could not be opened, told to whoever called the program. */
export const openFailure = (failure: OpenFailure): Either<CliFailure, never> => failed(EXIT.store, ...linesOf(failure))

const linesOf = (failure: OpenFailure): readonly string[] => {
  switch (failure._tag) {
    case 'StoreInUse':
      return [`${failure.path} is in use${byWhom(failure)}`, adviceFor(failure)]
    case 'StoreDamaged':
      return [`${failure.path} cannot be used: ${failure.detail}`]
    case 'StoreMissing':
      return [`there is no ledger at ${failure.path}`, 'import a file, or start `run-ledger serve`, to make one']
    case 'StoreUnavailable':
      return [`the store cannot be reached: ${failure.detail}`]
    case 'StoreRefused':
      return [`the store cannot be used: ${failure.detail}`]
    default:
      return failure satisfies never
  }
}

const byWhom = ({ owner }: StoreInUse): string => (owner === null ? ' by another process' : ` by process ${owner.pid}`)

const adviceFor = ({ owner }: StoreInUse): string =>
  owner?.url === undefined
    ? 'wait until it has ended; where it is a server, send to it with --url http://…'
    : `it serves ${owner.url}: use that, or add --url ${owner.url} to import`
