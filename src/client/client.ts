/** The typed client of the HTTP API, for applications in Node and in browsers: it stands on nothing but `fetch`. */
import { type AccessCalls, accessCalls } from './access.ts'
import { type Commands, commands } from './commands.ts'
import { type ClientOptions, createContext } from './context.ts'
import { type Reads, reads } from './reads.ts'
import { type Subscribe, subscribe } from './subscribe.ts'

export type { LineAnswer, RunAnswer as Run } from '../api/answers.ts'
export type { EntryAnswer as Entry } from '../api/entries.ts'
export type { Problem } from '../api/problems.ts'
export type {
  ChangeOptions,
  CommandOptions,
  Completion,
  Line,
  NewRun,
  Recorded,
  Start,
  StatusChange,
} from './commands.ts'
export type { CallOptions, ClientOptions, ReadOptions, Token } from './context.ts'
export { each } from './each.ts'
export type { Exported, Read, RunRead } from './reads.ts'
export type { Aborted, ClientProblem, NetworkFailure, Result, ServerProblem, UnexpectedAnswer } from './result.ts'
export type { Fetch, RetryPolicy } from './send.ts'
export type { SubscribeOptions } from './subscribe.ts'

/** A call never rejects: what goes wrong is a `Left`. Each is named as its operation in the OpenAPI document. */
export type Client = Commands &
  Reads &
  AccessCalls &
  Readonly<{
    /** Live Entries of the audit trail. */
    streamEntries: Subscribe
    /** The latest position of any answer so far; null before the first. */
    position: () => string | null
  }>

export const createClient = (options: ClientOptions): Client => {
  const context = createContext(options)
  return {
    ...commands(context),
    ...reads(context),
    ...accessCalls(context),
    streamEntries: subscribe(context),
    position: context.position,
  }
}
