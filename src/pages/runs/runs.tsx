/** The list of runs. */
import { useState } from 'preact/hooks'
import { Page } from '../frame.tsx'
import { runHref, useAddress } from '../lib/address.ts'
import { counted } from '../lib/format.ts'
import { useKeys } from '../lib/keys.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { Chips } from '../parts/chips.tsx'
import { Pager } from '../parts/pager.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'
import { columnsOf } from './columns.tsx'
import { ExportList } from './export-list.tsx'
import { FILTERS, listQuery, withoutPlace } from './list-query.ts'
import { NewRuns } from './new-runs.tsx'
import { RunTable } from './run-table.tsx'
import { Search } from './search.tsx'
import { Views } from './views.tsx'

export const Runs = () => {
  const address = useAddress()
  const query = listQuery(address.params)
  const key = JSON.stringify(query)
  const runs = useLoad(key, (signal) => ledger.listRuns(query, { signal }))
  const [at, setAt] = useState(-1)
  const data = runs.value?.data ?? []
  const list = `${address.params}`
  const open = (run_id: string | undefined) => run_id !== undefined && address.go(runHref(run_id, { list }))
  const move = (step: number) => {
    const next = Math.max(0, Math.min(data.length - 1, at + step))
    setAt(next)
    document.getElementById(`row-${next}`)?.focus()
  }
  useKeys([
    { keys: 'j', what: 'Next run', run: () => move(1) },
    { keys: 'k', what: 'Run before', run: () => move(-1) },
    { keys: 'Enter, o', what: 'Open the run', run: () => open(data[at]?.run_id) },
    { keys: 's', what: 'Search', run: () => document.querySelector<HTMLElement>('[data-search]')?.focus() },
    { keys: 'f', what: 'Filter', run: () => document.querySelector<HTMLElement>('[data-filter]')?.focus() },
  ])
  return (
    <Page title="Runs" aside={<Views address={address} />}>
      <Search address={address} runs={data} problem={runs.problem} />
      <Chips address={address} filters={FILTERS} />
      <div class="bar">
        <Count key={`${withoutPlace(address.params)}`} params={withoutPlace(address.params)} />
        <ExportList params={withoutPlace(address.params)} />
        <NewRuns address={address} shown={runs.value} reload={runs.reload} />
      </div>
      {runs.problem !== null && <ProblemNotice problem={runs.problem} retry={runs.reload} />}
      {runs.value === null && runs.problem === null && <Loading what="runs" />}
      {runs.value !== null && data.length > 0 && (
        <RunTable
          address={address}
          list={runs.value}
          columns={columnsOf(address.params.get('columns'))}
          at={at}
          busy={runs.loading}
        />
      )}
      {runs.value !== null && data.length === 0 && (
        <NothingFound filtered={withoutPlace(address.params).size > 0} more={runs.value.next_cursor !== null} />
      )}
      {runs.value !== null && <Pager address={address} next={runs.value.next_cursor} />}
    </Page>
  )
}

const NothingFound = ({ filtered, more }: Readonly<{ filtered: boolean; more: boolean }>) => {
  if (more)
    return (
      <Empty title="Nothing on this page">
        <p>The search went through many runs and found none that match. Older pages may hold some.</p>
      </Empty>
    )
  return filtered ? (
    <Empty title="No run matches">
      <p>Remove a filter, or move the times.</p>
    </Empty>
  ) : (
    <Empty title="No runs yet">
      <p>
        Create one with <code>POST /runs</code>, or take in a file with <code>run-ledger import</code>. It appears here
        by itself.
      </p>
    </Empty>
  )
}

/** Counting looks at every run that matches: only when asked. */
const Count = ({ params }: Readonly<{ params: URLSearchParams }>) => {
  const [asked, setAsked] = useState(false)
  const query = { ...listQuery(params), count: true, limit: 1 }
  const counting = useLoad(asked ? `${params}` : null, (signal) => ledger.listRuns(query, { signal }))
  if (counting.problem !== null) return <ProblemNotice problem={counting.problem} retry={counting.reload} />
  return counting.value === null ? (
    <button type="button" onClick={() => setAsked(true)} aria-busy={counting.loading}>
      {counting.loading ? 'Counting …' : 'Count'}
    </button>
  ) : (
    <output>{counted(counting.value.count ?? 0, 'run')}</output>
  )
}
