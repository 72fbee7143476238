/** The way back to the list that one came from, and to the runs before and after in it. */
import { type Address, pageHref, runHref } from '../lib/address.ts'
import { useKeys } from '../lib/keys.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { Icon } from '../parts/icon.tsx'
import { listQuery } from '../runs/list-query.ts'

export const Neighbours = ({ run_id, address }: Readonly<{ run_id: string; address: Address }>) => {
  const list = address.params.get('list')
  const params = new URLSearchParams(list ?? '')
  const page = useLoad(list, (signal) => ledger.listRuns(listQuery(params), { signal }))
  const ids = page.value?.data.map((run) => run.run_id) ?? []
  const at = ids.indexOf(run_id)
  const moment = { as_of: params.get('as_of'), known_at: params.get('known_at') }
  const hrefOf = (id: string | undefined) => (id === undefined ? null : runHref(id, { list, ...moment }))
  const [before, after] = at === -1 ? [null, null] : [hrefOf(ids[at - 1]), hrefOf(ids[at + 1])]
  const back = pageHref('runs') + (list === null || list === '' ? '' : `?${list}`)
  useKeys([
    { keys: 'u', what: 'Back to the list', run: () => address.go(back) },
    { keys: 'p', what: 'Run before, in the list', run: () => before !== null && address.go(before) },
    { keys: 'n', what: 'Next run, in the list', run: () => after !== null && address.go(after) },
  ])
  return (
    <nav class="pager" aria-label="The list">
      {before !== null && (
        <a href={before} rel="prev">
          <Icon name="previous" /> Run before
        </a>
      )}
      <a href={back}>{list === null ? 'All runs' : 'Back to the list'}</a>
      {after !== null && (
        <a href={after} rel="next">
          Next run <Icon name="next" />
        </a>
      )}
    </nav>
  )
}
