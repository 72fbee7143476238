/** `run-ledger groups`: all groups of runs, or one of them with its runs. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { RunGroupAnswer } from '../../../api/groups.ts'
import { each } from '../../../client/client.ts'
import { examples } from '../../options/options.ts'
import { done, type Outcome, ofUsage } from '../../outcome.ts'
import { formatOf, type ListOptions, limitOf, PAGE, withListOutput } from '../../output/format.ts'
import { say, sayJson } from '../../output/output.ts'
import { printList } from '../../output/print-list.ts'
import { RUN_COLUMNS } from '../../output/run-text.ts'
import { counted } from '../../output/wording.ts'
import { eachPage } from '../../reading/each-page.ts'
import { noSuchGroup } from '../../reading/known-ids.ts'
import { type PlaceOptions, withPlaceOptions } from '../../reading/place.ts'
import { withClient } from '../../reading/with-client.ts'
import type { Declare } from '../../subcommand.ts'

type GroupsOptions = PlaceOptions & ListOptions

export const declareGroups: Declare = (command, ending) =>
  withPlaceOptions(withListOutput(command.argument('[run_group_id]', 'the group whose runs to show')))
    .addHelpText(
      'after',
      examples(
        'run-ledger groups',
        'run-ledger groups batch-2026-05-04',
        'run-ledger groups --columns run_group_id,runs,by_status.SUCCESS -o csv',
      ),
    )
    .action(
      ending((run_group_id: string | undefined, options: GroupsOptions) =>
        run_group_id === undefined ? listGroups(options) : showGroup(run_group_id, options),
      ),
    )

const listGroups = (options: GroupsOptions): Outcome =>
  printList(options, {
    columns: GROUP_COLUMNS,
    list: ({ listRunGroups }, limit) => each(listRunGroups, { limit }),
    none: 'no run is in a group',
  })

const GROUP_COLUMNS = {
  fields: ['run_group_id', 'runs', 'by_status', 'error_rate', 'created_at', 'last_updated_at'],
  usual: ['run_group_id', 'runs', 'error_rate', 'created_at', 'last_updated_at', 'by_status'],
}

/** With `-o json` as the API answers it: the figures of the group and its runs in one object. */
const showGroup = (run_group_id: string, options: GroupsOptions): Outcome =>
  pipe(
    TE.fromEither(formatOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap((format) =>
      format === 'json'
        ? printGroup(run_group_id, options)
        : printList(options, {
            columns: RUN_COLUMNS,
            list: ({ getRunGroup }, limit) =>
              eachPage((page) => getRunGroup(run_group_id, page), limit, format === 'table' ? sayFigures : () => {}),
            none: 'no run is in this group',
            check: (client) => noSuchGroup(client, run_group_id),
          }),
    ),
  )

const printGroup = (run_group_id: string, options: GroupsOptions): Outcome =>
  pipe(
    TE.fromEither(limitOf(options.limit)),
    TE.mapLeft(ofUsage),
    TE.flatMap((limit) =>
      withClient(options, ({ client, ofProblem }) =>
        pipe(
          () => client.getRunGroup(run_group_id, { limit: limit ?? PAGE }),
          TE.orElse((problem) =>
            problem._tag === 'not-found' ? noSuchGroup(client, run_group_id) : TE.left(ofProblem(problem)),
          ),
          TE.flatMap(({ position: _, next_cursor: __, ...group }) => {
            sayJson(group)
            return done
          }),
        ),
      ),
    ),
  )

const sayFigures = ({ run_group_id, runs, by_status }: RunGroupAnswer): void =>
  say(
    `${run_group_id}: ${counted(runs, 'run')}: ${Object.entries(by_status)
      .map(([status, count]) => `${count} ${status}`)
      .join(', ')}\n`,
  )
