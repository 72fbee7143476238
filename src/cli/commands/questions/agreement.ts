/** `run-ledger agreement A B`: where two policy versions agree about the groups that both have decided. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { AgreementAnswer } from '../../../api/agreement.ts'
import type { Client } from '../../../client/client.ts'
import { examples } from '../../options/options.ts'
import { beginningOf, timeOption } from '../../options/time-option.ts'
import { type CliFailure, done, type Outcome, ofUsage } from '../../outcome.ts'
import { agreementLines } from '../../output/agreement-text.ts'
import { formatOf, type ListOptions, limitOf, PAGE, withListOutput } from '../../output/format.ts'
import { say, sayJson } from '../../output/output.ts'
import { printList } from '../../output/print-list.ts'
import { eachPage } from '../../reading/each-page.ts'
import { checkIds } from '../../reading/known-ids.ts'
import { type PlaceOptions, withPlaceOptions } from '../../reading/place.ts'
import { withClient } from '../../reading/with-client.ts'
import type { Declare } from '../../subcommand.ts'

type AgreementOptions = PlaceOptions & ListOptions & Readonly<{ from?: string; to?: string; since?: string }>

export const declareAgreement: Declare = (command, ending) =>
  withPlaceOptions(
    withListOutput(command)
      .option('--from <time>', 'of groups whose run of A was created then or later')
      .option('--to <time>', 'of groups whose run of A was created earlier')
      .option('--since <time>', 'the same as --from: a time, a date, or how long ago, such as 7d'),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger agreement personal-loan-3.2 personal-loan-4.0 --since 7d',
        'run-ledger agreement personal-loan-3.2 personal-loan-4.0 -o json | jq .share',
        'run-ledger agreement personal-loan-3.2 personal-loan-4.0 -o csv --url http://127.0.0.1:8080 > differ.csv',
      )}

A table shows the figures and then the groups that differ; csv and ndjson hold those groups alone, json the answer of the API.`,
    )
    .action(ending(showAgreement))

const showAgreement = (a: string, b: string, options: AgreementOptions): Outcome =>
  pipe(
    E.Do,
    E.apS('from', beginningOf('--from', options.from, options.since)),
    E.apS('to', timeOption('--to', options.to)),
    E.let('with', () => b),
    E.bindTo('query'),
    E.apS('format', formatOf(options)),
    E.apS('limit', limitOf(options.limit)),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap(({ query, format, limit }) =>
      format === 'json'
        ? printAnswer(a, { ...query, limit: limit ?? PAGE }, options)
        : printList(options, {
            columns: DIFFERING,
            list: ({ getAgreement }, pageSize) =>
              eachPage(
                (page) => getAgreement(a, { ...query, ...page }),
                pageSize,
                format === 'table' ? sayFigures : () => {},
              ),
            none: 'no group differs',
            check: (client) => checkVersions(client, a, b),
          }),
    ),
  )

type Query = Parameters<Client['getAgreement']>[1]

const printAnswer = (a: string, query: Query, options: AgreementOptions): Outcome =>
  withClient(options, ({ client, ask }) =>
    pipe(
      ask(({ getAgreement }) => getAgreement(a, query)),
      TE.tap(({ groups }) => (groups === 0 ? checkVersions(client, a, query.with) : TE.right(undefined))),
      TE.flatMap(({ position: _, next_cursor: __, ...agreement }) => {
        sayJson(agreement)
        return done
      }),
    ),
  )

const checkVersions = (client: Client, a: string, b: string): TE.TaskEither<CliFailure, void> =>
  checkIds(client, { policyVersionId: [a, b] })

const sayFigures = (agreement: AgreementAnswer): void => {
  for (const line of agreementLines(agreement)) say(line)
}

const DIFFERING = {
  fields: ['run_group_id', 'run', 'with'],
  usual: ['run_group_id', 'run.run_id', 'run.result', 'with.run_id', 'with.result', 'run.created_at'],
}
