/** A problem on its way through fastify: hooks, body parsers and validators can refuse only with an Error. */
import type { Problem } from '../../api/problems.ts'

export type ProblemError = Error & Readonly<{ problem: Problem }>

export const problemError = (problem: Problem): ProblemError => Object.assign(new Error(problem.title), { problem })

export const isProblemError = (error: unknown): error is ProblemError => error instanceof Error && 'problem' in error
