/** `run-ledger diff A B`: what differs between two runs, or between two moments of one. */

import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { CompareAnswer } from '../../../api/compare.ts'
import type { UsageFailure } from '../../../config.ts'
import { examples } from '../../options/options.ts'
import { timeOption } from '../../options/time-option.ts'
import { done, type Outcome, ofUsage } from '../../outcome.ts'
import { comparisonLines } from '../../output/comparison-text.ts'
import { formatOf, type OutputOptions, withOutput } from '../../output/format.ts'
import { say, sayJson } from '../../output/output.ts'
import { askRun } from '../../reading/known-ids.ts'
import { type PlaceOptions, withPlaceOptions } from '../../reading/place.ts'
import { withClient } from '../../reading/with-client.ts'
import type { Declare } from '../../subcommand.ts'

export const declareDiff: Declare = (command, ending) =>
  withPlaceOptions(withOutput(command, ['table', 'json', 'ndjson']))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger diff loan-1 loan-2',
        'run-ledger diff loan-1@2 loan-1',
        'run-ledger diff loan-1@2026-05-04 loan-1@1d --url http://127.0.0.1:8080',
        'run-ledger diff loan-1 loan-2 -o json | jq .patch',
      )}

A and B are each a run, ID, or a run at a moment: ID@REVISION or ID@TIME, where the time is RFC 3339, a date, or how long ago.`,
    )
    .action(ending(showDiff))

const showDiff = (a: string, b: string, options: PlaceOptions & OutputOptions): Outcome =>
  pipe(
    E.Do,
    E.apS('a', runAtOf('A', a)),
    E.apS('b', runAtOf('B', b)),
    E.bindTo('query'),
    E.apS('format', formatOf(options)),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap(({ query, format }) =>
      withClient(options, (asking) =>
        pipe(
          askRun(asking, query.a, ({ compareRuns }) => compareRuns(query)),
          TE.flatMap(({ position: _, ...comparison }) => {
            print(comparison, query, format === 'table')
            return done
          }),
        ),
      ),
    ),
  )

const print = (comparison: CompareAnswer, names: Readonly<{ a: string; b: string }>, isText: boolean): void => {
  if (!isText) sayJson(comparison)
  else for (const line of comparisonLines(comparison, names)) say(line)
}

/** `ID@TIME` with the time written out; what else is wrong with it the route finds. */
const runAtOf = (name: string, text: string): E.Either<UsageFailure, string> => {
  const at = text.indexOf('@')
  const moment = text.slice(at + 1)
  if (at === -1 || /^\d*$/.test(moment)) return E.right(text)
  return pipe(
    timeOption(`the time of ${name}`, moment),
    E.map((time) => `${text.slice(0, at)}@${time}`),
  )
}
