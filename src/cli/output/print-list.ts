/** A list of the API, asked for and printed as the options of a subcommand say. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Client, Result } from '../../client/client.ts'
import { type CliFailure, done, type Outcome, ofUsage } from '../outcome.ts'
import type { PlaceOptions } from '../reading/place.ts'
import { withClient } from '../reading/with-client.ts'
import { type Columns, columnsOf } from './columns.ts'
import { formatOf, type ListOptions, limitOf, PAGE } from './format.ts'
import { outputGone, remark } from './output.ts'
import { printItems } from './print-items.ts'

/** Its items come page by page, in pages of at most `limit`, or all at once. `none` is said where a table would be empty. */
export type List<Item> = Readonly<{
  columns: Columns
  none: string
  /** What to look for where nothing is found: ids that do not exist, say. */
  check?: (client: Client) => TE.TaskEither<CliFailure, void>
}> &
  (
    | Readonly<{ list: (client: Client, limit: number) => AsyncIterable<Result<Item>> }>
    | Readonly<{ all: (client: Client) => Promise<Result<Readonly<{ data: readonly Item[] }>>> }>
  )

export const printList = <Item>(options: PlaceOptions & ListOptions, list: List<Item>): Outcome =>
  pipe(
    E.Do,
    E.apS('format', formatOf(options)),
    E.apS('columns', columnsOf(list.columns, options.columns)),
    E.apS('asked', limitOf(options.limit)),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.flatMap(({ format, columns, asked }) => {
      const limit = asked ?? (format === 'table' || format === 'json' ? PAGE : null)
      return withClient(options, ({ client, ofProblem }) =>
        pipe(
          printItems(itemsOf(client, list, limit), {
            ...{ format, columns, limit, ofProblem },
            check: list.check?.(client) ?? TE.right(undefined),
          }),
          TE.flatMap(({ items, more }) => {
            if (!outputGone.aborted && format === 'table' && items === 0) remark(`run-ledger: ${list.none}`)
            if (!outputGone.aborted && asked === null && more)
              remark(`run-ledger: the first ${items} are shown: add --limit N for more`)
            return done
          }),
        ),
      )
    }),
  )

/** One more than `limit` is asked for, to know whether there are more. */
const itemsOf = <Item>(client: Client, list: List<Item>, limit: number | null): AsyncIterable<Result<Item>> =>
  'list' in list
    ? list.list(client, Math.min(MOST_A_PAGE, limit === null ? MOST_A_PAGE : limit + 1))
    : itemsAtOnce(list.all(client))

const MOST_A_PAGE = 1_000

async function* itemsAtOnce<Item>(
  answered: Promise<Result<Readonly<{ data: readonly Item[] }>>>,
): AsyncGenerator<Result<Item>> {
  const answer = await answered
  if (answer._tag === 'Left') yield answer
  else for (const item of answer.right.data) yield { _tag: 'Right', right: item }
}
