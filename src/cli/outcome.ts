/** How a subcommand ends: with an exit status, or with a failure and what to do about it. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { UsageFailure } from '../config.ts'
import type { OpenFailure, StoreInUse } from '../event-store/config.ts'

export const EXIT = { done: 0, refused: 1, usage: 2, store: 3 } as const

/** One or two plain lines for standard error, and the exit status. */
export type CliFailure = Readonly<{ status: number; lines: readonly string[] }>

/** What a subcommand does; its value is the exit status. */
export type Outcome = TE.TaskEither<CliFailure, number>

/** Turns what a subcommand does into an action for commander. */
export type Ending = <Given extends unknown[]>(
  action: (...given: Given) => Outcome,
) => (...given: Given) => Promise<void>

export const done: Outcome = TE.right(EXIT.done)

export const cliFailure = (status: number, ...lines: readonly string[]): CliFailure => ({ status, lines })

export const failed = (status: number, ...lines: readonly string[]): TE.TaskEither<CliFailure, never> =>
  TE.left(cliFailure(status, ...lines))

export const ofUsage = ({ detail }: UsageFailure): CliFailure => cliFailure(EXIT.usage, detail)

/** Closes a resource after its use: the last argument of `TE.bracket`. */
export const closing = ({ close }: Readonly<{ close: () => Promise<void> }>): TE.TaskEither<never, void> =>
  TE.fromTask(close)

/** Why a store could not be opened. `takesUrl`: the subcommand can use a server instead, by `--url`. */
export const ofOpening =
  ({ takesUrl = false }: Readonly<{ takesUrl?: boolean | undefined }> = {}) =>
  (failure: OpenFailure): CliFailure =>
    cliFailure(EXIT.store, ...linesOf(failure, takesUrl))

const linesOf = (failure: OpenFailure, takesUrl: boolean): readonly string[] => {
  switch (failure._tag) {
    case 'StoreInUse':
      return [`${failure.path} is in use by ${ownerOf(failure)}`, adviceFor(failure, takesUrl)]
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

/** The process that owns a store, as far as it is known. */
export const ownerOf = ({ owner }: StoreInUse): string => (owner === null ? 'another process' : `process ${owner.pid}`)

const adviceFor = ({ owner }: StoreInUse, takesUrl: boolean): string => {
  if (owner?.url === undefined) return 'wait until it has ended, or stop it first'
  return takesUrl
    ? `it serves ${owner.url}: add --url ${owner.url} to send the lines there, or stop it first`
    : `it serves ${owner.url}: stop it first`
}
