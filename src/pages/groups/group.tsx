/** One group of runs: how many have which status, and the runs, newest first. */
import { Page } from '../frame.tsx'
import { pageHref, useAddress } from '../lib/address.ts'
import { counted } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLive } from '../lib/live.ts'
import { useLoad } from '../lib/load.ts'
import { Breakdown } from '../parts/breakdown.tsx'
import { Moment } from '../parts/moment.tsx'
import { Pager } from '../parts/pager.tsx'
import { Loading, ProblemNotice } from '../parts/problem.tsx'
import { columnsOf } from '../runs/columns.tsx'
import { RunTable } from '../runs/run-table.tsx'

export const Group = ({ params }: Readonly<{ params?: Readonly<{ id?: string }> }>) => {
  const id = params?.id ?? ''
  const address = useAddress()
  const cursor = address.params.get('cursor') ?? undefined
  const group = useLoad(`${id} ${cursor}`, (signal) => ledger.getRunGroup(id, { limit: 50, cursor }, { signal }))
  const figures = useLoad(id, (signal) => ledger.getRunGroup(id, { limit: 1 }, { signal }))
  useLive(({ run_ids }) => {
    const mine = new Set(group.value?.data.map(({ run_id }) => run_id))
    if (run_ids.some((run_id) => mine.has(run_id))) figures.reload()
  })
  const { value } = group
  const shown = figures.value ?? value
  return (
    <Page
      title={`Group ${id}`}
      heading={
        <>
          Group <span class="id">{id}</span>
        </>
      }
      aside={<a href={pageHref('run-groups')}>All groups</a>}
    >
      {group.problem !== null && <ProblemNotice problem={group.problem} retry={group.reload} />}
      {value === null && group.problem === null && <Loading what="the group" />}
      {shown !== null && (
        <>
          <Breakdown by_status={shown.by_status} hrefOf={(status) => pageHref('runs', { run_group_id: id, status })} />
          <p class="none">
            {counted(shown.runs, 'run')}; the first created <Moment time={shown.created_at} zoned />, the last change{' '}
            <Moment time={shown.last_updated_at} zoned />.
          </p>
        </>
      )}
      {value !== null && (
        <>
          <RunTable
            address={address}
            list={value}
            columns={columnsOf('status,result,policy_version_id,created_at,last_updated_at,duration').map(
              ({ sort: _, ...column }) => column,
            )}
            at={-1}
            busy={group.loading}
          />
          <Pager address={address} next={value.next_cursor} />
        </>
      )}
    </Page>
  )
}
