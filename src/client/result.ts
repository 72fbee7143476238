/** What every call answers: a value, or a problem as a tagged union. The shape is that of fp-ts's Either. */
import type { Slug } from '../api/problem-kinds.ts'
import type { Problem } from '../api/problems.ts'

/** `_tag` distinguishes them, without fp-ts too: `if (answer._tag === 'Left') …`. */
export type Result<Value> = Readonly<{ _tag: 'Left'; left: ClientProblem }> | Readonly<{ _tag: 'Right'; right: Value }>

/** What the server refused, tagged with the slug of the problem's `type`, or what kept its answer from arriving. */
export type ClientProblem = ServerProblem | NetworkFailure | UnexpectedAnswer | Aborted

export type ServerProblem = { readonly [Tag in Slug]: Problem & Readonly<{ _tag: Tag }> }[Slug]

/**
 * No whole answer arrived, however often the request was sent. A command may have been stored: repeating it with
 * `command_id` as its `idempotencyKey` settles that, and never stores it twice.
 */
export type NetworkFailure = Readonly<{ _tag: 'network-failure'; detail: string; command_id?: string }>

/** What answered is no run-ledger, or something stands between. */
export type UnexpectedAnswer = Readonly<{ _tag: 'unexpected-answer'; status: number; detail: string }>

/** The caller's signal ended the call. A command may have been stored, as after a `NetworkFailure`. */
export type Aborted = Readonly<{ _tag: 'aborted'; command_id?: string }>

export const left = (problem: ClientProblem): Result<never> => ({ _tag: 'Left', left: problem })
export const right = <Value>(value: Value): Result<Value> => ({ _tag: 'Right', right: value })
