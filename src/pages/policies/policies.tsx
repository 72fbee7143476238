/** All policy versions: runs, outcomes, errors. */
import { Page } from '../frame.tsx'
import { pageHref, policyHref, useAddress } from '../lib/address.ts'
import { numberText, shareText } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { zoneName } from '../lib/zone.ts'
import { Breakdown } from '../parts/breakdown.tsx'
import { Duration, Moment } from '../parts/moment.tsx'
import { Pager } from '../parts/pager.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'

export const Policies = () => {
  const address = useAddress()
  const cursor = address.params.get('cursor') ?? undefined
  const versions = useLoad(`${cursor}`, (signal) => ledger.listPolicyVersions({ limit: 50, cursor }, { signal }))
  const data = versions.value?.data ?? null
  return (
    <Page title="Policy versions">
      {versions.problem !== null && <ProblemNotice problem={versions.problem} retry={versions.reload} />}
      {data === null && versions.problem === null && <Loading what="policy versions" />}
      {data?.length === 0 && (
        <Empty title="No policy version yet">
          <p>The first run names one.</p>
        </Empty>
      )}
      {data !== null && data.length > 0 && (
        <div class="scroll">
          <table aria-busy={versions.loading}>
            <thead>
              <tr>
                <th scope="col">Policy version</th>
                <th scope="col" class="right">
                  Runs
                </th>
                <th scope="col" class="right">
                  Error rate
                </th>
                <th scope="col" class="right">
                  Duration p95
                </th>
                <th scope="col">Statuses</th>
                <th scope="col">First run ({zoneName.value})</th>
                <th scope="col">Last change ({zoneName.value})</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ policy_version_id: id, runs, error_rate, by_status, created_at, last_updated_at }) => (
                <tr key={id}>
                  <th scope="row">
                    <a href={policyHref(id)}>{id}</a>
                  </th>
                  <td class="right number">{numberText(runs)}</td>
                  <td class="right number">{shareText(error_rate)}</td>
                  <td class="right">
                    <P95 id={id} />
                  </td>
                  <td>
                    <Breakdown
                      by_status={by_status}
                      hrefOf={(status) => pageHref('runs', { policy_version_id: id, status })}
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
      {versions.value !== null && (
        <Pager address={address} next={versions.value.next_cursor} words={{ on: 'Next page', back: 'Page before' }} />
      )}
    </Page>
  )
}

/** Durations are figures of their own, asked for a version at a time. */
const P95 = ({ id }: Readonly<{ id: string }>) => {
  const total = useLoad(id, (signal) => ledger.getPolicyStats(id, { bucket: 'total' }, { signal }))
  return <Duration ms={total.value?.data[0]?.duration_ms.p95 ?? null} />
}
