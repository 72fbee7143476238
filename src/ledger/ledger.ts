/** The ledger: what takes commands and keeps their events. */
import type { Either } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Position } from '../event-store/event-store.ts'
import type { RunCommand } from '../run/commands.ts'
import type { Run } from '../run/run.ts'
import type { CommandFailure } from './failures.ts'

/** A command's answer: the Run at the command's own revision, also where it repeats an earlier one. */
export type Recorded = Readonly<{ run: Run; revision: number; position: Position; repeated: boolean }>

/** A batch's answer for one command. */
export type BatchRecorded = Readonly<{ run_id: string; revision: number; position: Position; repeated: boolean }>

export type Ledger = Readonly<{
  /** Decides, stores, and answers once the event is durable, within the ledger's time limit. */
  execute: (command: RunCommand) => TaskEither<CommandFailure, Recorded>
  /**
   * Executes many commands: those of one run in their order, others as it suits. Answers in the order given;
   * a refused command harms no other.
   */
  executeBatch: (commands: readonly RunCommand[]) => Promise<readonly Either<CommandFailure, BatchRecorded>[]>
}>
