/** Why a question to a ledger was not answered, in words, and the exit status. */
import type { ClientProblem, ServerProblem } from '../../client/client.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import { shown } from '../output/output.ts'

/** `where` names the place in messages: an address, or "the ledger". */
export const ofProblem =
  (where: string) =>
  (problem: ClientProblem): CliFailure => {
    switch (problem._tag) {
      case 'network-failure':
        return cliFailure(EXIT.store, `${where} does not answer: ${shown(problem.detail)}`)
      case 'unexpected-answer':
        return cliFailure(
          EXIT.store,
          `${where} answers ${problem.status}, but not as a run-ledger does: ${shown(problem.detail)}`,
        )
      case 'aborted':
        return cliFailure(EXIT.refused, 'stopped before it was done')
      default:
        return problem.status === 401 || problem.status === 403
          ? cliFailure(
              EXIT.refused,
              `${where}: ${shown(problem.detail)}`,
              'name the file of a key or token that may do this with --token-file',
            )
          : cliFailure(statusOf(problem.status), ...linesOf(problem))
    }
  }

const statusOf = (status: number): number => {
  if (status >= 500) return EXIT.store
  // What cannot be understood was typed wrongly.
  return status === 400 ? EXIT.usage : EXIT.refused
}

/** A fault of a parameter is one of the flag of the same name. */
const linesOf = ({ title, detail, errors = [] }: ServerProblem): readonly string[] =>
  errors.length > 0 && errors.every((error) => 'parameter' in error)
    ? errors.map((error) =>
        shown(
          `${flagOf(error.parameter)} ${error.column === undefined ? '' : `at column ${error.column}: `}${error.detail}`,
        ),
      )
    : [shown(`${title}: ${detail}`)]

const flagOf = (parameter: string): string =>
  parameter.length === 1 ? `-${parameter}` : `--${parameter.replaceAll('_', '-')}`
