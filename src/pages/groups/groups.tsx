/** All groups of runs. */
import { Page } from '../frame.tsx'
import { groupHref, pageHref, useAddress } from '../lib/address.ts'
import { numberText, shareText } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { zoneName } from '../lib/zone.ts'
import { Breakdown } from '../parts/breakdown.tsx'
import { Moment } from '../parts/moment.tsx'
import { Pager } from '../parts/pager.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'

export const Groups = () => {
  const address = useAddress()
  const cursor = address.params.get('cursor') ?? undefined
  const groups = useLoad(`${cursor}`, (signal) => ledger.listRunGroups({ limit: 50, cursor }, { signal }))
  const data = groups.value?.data ?? null
  return (
    <Page title="Groups">
      {groups.problem !== null && <ProblemNotice problem={groups.problem} retry={groups.reload} />}
      {data === null && groups.problem === null && <Loading what="groups" />}
      {data?.length === 0 && (
        <Empty title="No group yet">
          <p>A run names its group as it is created.</p>
        </Empty>
      )}
      {data !== null && data.length > 0 && (
        <div class="scroll">
          <table aria-busy={groups.loading}>
            <thead>
              <tr>
                <th scope="col">Group</th>
                <th scope="col" class="right">
                  Runs
                </th>
                <th scope="col" class="right">
                  Error rate
                </th>
                <th scope="col">Statuses</th>
                <th scope="col">First run ({zoneName.value})</th>
                <th scope="col">Last change ({zoneName.value})</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ run_group_id: id, runs, error_rate, by_status, created_at, last_updated_at }) => (
                <tr key={id}>
                  <th scope="row">
                    <a href={groupHref(id)}>{id}</a>
                  </th>
                  <td class="right number">{numberText(runs)}</td>
                  <td class="right number">{shareText(error_rate)}</td>
                  <td>
                    <Breakdown
                      by_status={by_status}
                      hrefOf={(status) => pageHref('runs', { run_group_id: id, status })}
                    />
                  </td>
                  <td>
                    <Moment time={created_at} />
                  </td>
                  <td>
                    <Moment time={last_updated_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {groups.value !== null && (
        <Pager address={address} next={groups.value.next_cursor} words={{ on: 'Next page', back: 'Page before' }} />
      )}
    </Page>
  )
}
