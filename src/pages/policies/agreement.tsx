/** Where two policy versions agree about the groups that both have decided, and the groups that differ. */
import { Page } from '../frame.tsx'
import { type Address, groupHref, pageHref, policyHref, runHref, useAddress } from '../lib/address.ts'
import { durationText, numberText, shareText } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { zoneName } from '../lib/zone.ts'
import { timeIn } from '../parts/chips.tsx'
import { Moment } from '../parts/moment.tsx'
import { Pager } from '../parts/pager.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'

type Agreement = Extract<Awaited<ReturnType<typeof ledger.getAgreement>>, { _tag: 'Right' }>['right']

export const Agreement = ({ params }: Readonly<{ params?: Readonly<{ id?: string }> }>) => {
  const id = params?.id ?? ''
  const address = useAddress()
  const text = (name: string) => address.params.get(name) ?? undefined
  const query = { with: text('with') ?? '', from: text('from'), to: text('to'), cursor: text('cursor') }
  const loaded = useLoad(query.with === '' ? null : JSON.stringify([id, query]), (signal) =>
    ledger.getAgreement(id, query, { signal }),
  )
  const agreement = loaded.value
  return (
    <Page
      title={`Agreement of ${id}`}
      heading={
        <>
          Agreement of <span class="id">{id}</span>
          {query.with !== '' && (
            <>
              {' '}
              with <span class="id">{query.with}</span>
            </>
          )}
        </>
      }
      aside={<a href={policyHref(id, query.with === '' ? {} : { with: query.with })}>Figures</a>}
    >
      <Choices address={address} />
      {query.with === '' && (
        <Empty title="With which version?">
          <p>Name another policy version that has decided the same groups.</p>
        </Empty>
      )}
      {loaded.problem !== null && <ProblemNotice problem={loaded.problem} retry={loaded.reload} />}
      {query.with !== '' && agreement === null && loaded.problem === null && <Loading what="the agreement" />}
      {agreement?.groups === 0 && (
        <Empty title="No group was decided by both">
          <p>A group counts once it has a completed run of each version.</p>
        </Empty>
      )}
      {agreement !== null && agreement.groups > 0 && <Figures agreement={agreement} />}
      {agreement !== null && agreement.data.length > 0 && <Differing agreement={agreement} />}
      {agreement !== null && (
        <Pager address={address} next={agreement.next_cursor} words={{ on: 'Next', back: 'Previous' }} />
      )}
    </Page>
  )
}

const Choices = ({ address }: Readonly<{ address: Address }>) => {
  const { params } = address
  const apply = (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const typed = (name: string) => String(data.get(name) ?? '').trim() || null
    const time = (name: string) => (typed(name) === null ? null : timeIn(typed(name) ?? ''))
    address.go(address.hrefWith({ with: typed('with'), from: time('from'), to: time('to'), cursor: null }))
  }
  return (
    <form class="bar" onSubmit={apply}>
      <label>
        With version <input name="with" defaultValue={params.get('with') ?? ''} placeholder="policy version id" />
      </label>
      <label>
        From <input name="from" defaultValue={params.get('from') ?? ''} placeholder="2026-11-03" />
      </label>
      <label>
        To <input name="to" defaultValue={params.get('to') ?? ''} placeholder="2026-11-24" />
      </label>
      <button type="submit">Show</button>
    </form>
  )
}

const Figures = ({ agreement }: Readonly<{ agreement: Agreement }>) => {
  const { share, agree, differ, ambiguous, results, duration_difference_ms: differences } = agreement
  const facts: readonly (readonly [string, string])[] = [
    ['Agree', `${numberText(agree)} (${shareText(share)})`],
    ['Differ', numberText(differ)],
    ['Ambiguous', numberText(ambiguous)],
    ['Longer by, p50', signed(differences.p50)],
    ['Longer by, p95', signed(differences.p95)],
  ]
  return (
    <section aria-label="In all">
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="number">{value}</dd>
          </div>
        ))}
      </dl>
      {ambiguous > 0 && <p class="hint">Ambiguous groups have several completed runs of one version.</p>}
      <div class="scroll">
        <table>
          <caption>Results, of the groups compared</caption>
          <thead>
            <tr>
              <th scope="col">{agreement.policy_version_id}</th>
              <th scope="col">{agreement.with}</th>
              <th scope="col" class="right">
                Groups
              </th>
            </tr>
          </thead>
          <tbody>
            {results.map(({ result, with_result, count }) => (
              <tr key={JSON.stringify([result, with_result])}>
                <td>{resultText(result)}</td>
                <td>{resultText(with_result)}</td>
                <td class="right number">{numberText(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const Differing = ({ agreement }: Readonly<{ agreement: Agreement }>) => (
  <div class="scroll">
    <table>
      <caption>Groups that differ</caption>
      <thead>
        <tr>
          <th scope="col">Group</th>
          <th scope="col">{agreement.policy_version_id}</th>
          <th scope="col">{agreement.with}</th>
          <th scope="col">Created ({zoneName.value})</th>
          <th scope="col">Compare</th>
        </tr>
      </thead>
      <tbody>
        {agreement.data.map(({ run_group_id, run, with: other }) => (
          <tr key={run_group_id}>
            <th scope="row">
              <a href={groupHref(run_group_id)}>{run_group_id}</a>
            </th>
            <td>
              <a href={runHref(run.run_id)}>{resultText(run.result)}</a>
            </td>
            <td>
              <a href={runHref(other.run_id)}>{resultText(other.result)}</a>
            </td>
            <td>
              <Moment time={run.created_at} />
            </td>
            <td>
              <a href={pageHref('diff', { a: run.run_id, b: other.run_id })}>Compare</a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const resultText = (result: string | null): string => result ?? 'no result'

const signed = (ms: number | null): string => (ms === null ? '—' : `${ms < 0 ? '−' : ''}${durationText(Math.abs(ms))}`)
