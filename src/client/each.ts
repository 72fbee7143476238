/** Walks a list through all its pages. */
import type { ReadOptions } from './context.ts'
import { type Result, right } from './result.ts'

type Page<Item> = Readonly<{ data: readonly Item[]; next_cursor: string | null }>

type Pages = Readonly<{ cursor?: string | undefined; limit?: number | undefined }>

type List<Query, Item> = (query?: Query, options?: ReadOptions) => Promise<Result<Page<Item>>>

/**
 * Every item of every page, one after another: `each(ledger.listRuns, { status: 'SUCCESS' })`, or of one run
 * `each((page) => ledger.listRunEvents(run_id, page), {})`. A page is asked for when the one before is used up. A problem
 * is the last thing that comes.
 */
export async function* each<Query extends Pages, Item>(
  list: List<Query, Item>,
  query: NoInfer<Query>,
  options?: ReadOptions,
): AsyncGenerator<Result<Item>, void, undefined> {
  let cursor = query.cursor
  do {
    const page = await list({ ...query, cursor }, options)
    if (page._tag === 'Left') {
      yield page
      return
    }
    for (const item of page.right.data) yield right(item)
    cursor = page.right.next_cursor ?? undefined
  } while (cursor !== undefined)
}
