/** A problem as an Error: fastify's hooks, body parsers and validators can refuse only with one. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Problem } from '../../api/problems.ts'

export type ProblemError = Error & Readonly<{ problem: Problem }>

export const problemError = (problem: Problem): ProblemError => Object.assign(new Error(problem.title), { problem })

export const isProblemError = (error: unknown): error is ProblemError => error instanceof Error && 'problem' in error

/** Runs `steps`; returns their result, and throws their problem. For generators, which have no other way to refuse. */
export const orThrow = <Value>(steps: TE.TaskEither<Problem, Value>): Promise<Value> =>
  pipe(
    steps,
    TE.getOrElse((refused) => () => Promise.reject(problemError(refused))),
  )()
