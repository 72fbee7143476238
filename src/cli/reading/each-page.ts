/** Walks an answer that has figures of its own beside its pages. */
import { each, type Result } from '../../client/client.ts'

type Page<Item> = Readonly<{ data: readonly Item[]; next_cursor: string | null }>
type Pages = Readonly<{ cursor?: string | undefined; limit?: number | undefined }>

/** Every item; `onFirst` gets the first page before its items come. What does not exist has none. */
export const eachPage = <Item, Answer extends Page<Item>>(
  ask: (page: Pages) => Promise<Result<Answer & Page<Item>>>,
  limit: number,
  onFirst: (answer: Answer) => void,
): AsyncIterable<Result<Item>> => {
  let isFirst = true
  return each<Pages, Item>(
    async (page = {}) => {
      const answer = await ask(page)
      if (answer._tag === 'Left') return answer.left._tag === 'not-found' ? NOTHING : answer
      if (isFirst) onFirst(answer.right)
      isFirst = false
      return answer
    },
    { limit },
  )
}

const NOTHING = { _tag: 'Right', right: { data: [], next_cursor: null } } as const
