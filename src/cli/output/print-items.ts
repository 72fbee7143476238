/** Prints the items of a list as they come: as a table, as CSV, or as JSON. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ClientProblem, Result } from '../../client/client.ts'
import type { Json } from '../../run/json.ts'
import type { CliFailure } from '../outcome.ts'
import type { Format } from './format.ts'
import { formOf, type ItemForm } from './item-forms.ts'
import { outputGone, print, sayText } from './output.ts'

export type Shown = Readonly<{
  format: Format
  columns: readonly string[]
  /** At most this many; null for all. */
  limit: number | null
  ofProblem: (problem: ClientProblem) => CliFailure
  /** Where nothing was found: fails where something that does not exist was asked for. */
  check: TE.TaskEither<CliFailure, void>
}>

/** `more`: whether items were left out because of the limit. */
export type Printed = Readonly<{ items: number; more: boolean }>

/** Prints `items` until there are no more, or a problem ends them: what came before it is printed. */
export const printItems = <Item>(
  items: AsyncIterable<Result<Item>>,
  { format, columns, limit, ofProblem, check }: Shown,
): TE.TaskEither<CliFailure, Printed> => {
  const form = formOf(format, columns)
  return pipe(
    TE.fromTask(() => printAll(items, form, limit)),
    TE.flatMap(({ problem, ...printed }) => (problem === null ? TE.right(printed) : TE.left(ofProblem(problem)))),
    TE.tap(({ items: found }) =>
      found > 0
        ? TE.right(undefined)
        : pipe(
            check,
            TE.tapIO(() => () => sayText(form.begin + form.rows([], true) + form.end)),
          ),
    ),
  )
}

/** Prints nothing where there are none. */
const printAll = async <Item>(
  items: AsyncIterable<Result<Item>>,
  form: ItemForm,
  limit: number | null,
): Promise<Printed & { problem: ClientProblem | null }> => {
  let rows: Json[] = []
  let printed = 0
  const flush = async () => {
    const text = (printed === 0 ? form.begin : '') + form.rows(rows, printed === 0)
    printed += rows.length
    rows = []
    await print(text, outputGone)
  }
  for await (const item of items) {
    if (outputGone.aborted) break
    if (item._tag === 'Left') {
      if (rows.length > 0) await flush()
      return { items: printed, more: false, problem: item.left }
    }
    if (printed + rows.length === limit) {
      await flush()
      await print(form.end, outputGone)
      return { items: printed, more: true, problem: null }
    }
    rows.push(item.right as Json)
    if (rows.length >= AT_ONCE) await flush()
  }
  if (rows.length > 0) await flush()
  if (printed > 0) await print(form.end, outputGone)
  return { items: printed, more: false, problem: null }
}

/** The columns of a table are as wide as its first rows need. */
const AT_ONCE = 200
