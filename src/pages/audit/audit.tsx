/** The audit trail of all runs. */
import type { Entry } from '../../client/client.ts'
import { Page } from '../frame.tsx'
import { type Address, apiHref, useAddress } from '../lib/address.ts'
import { useKeys } from '../lib/keys.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { Chips } from '../parts/chips.tsx'
import { Pager } from '../parts/pager.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'
import { auditQuery, canFollow, FILTERS } from './audit-query.ts'
import { EntryTable } from './entry-table.tsx'
import { useTail } from './tail.ts'

export const Audit = () => {
  const address = useAddress()
  const { params } = address
  const query = auditQuery(params)
  const trail = useLoad(JSON.stringify(query), (signal) => ledger.listEntries(query, { signal }))
  const live = params.get('live') === 'on' && canFollow(params)
  const data = (trail.value?.data ?? null) as readonly Entry[] | null
  const tail = useTail(params, live, data)
  useKeys([
    { keys: 'f', what: 'Filter', run: () => document.querySelector<HTMLElement>('[data-filter]')?.focus() },
    { keys: 't', what: 'Live tail on or off', run: () => address.go(tailHref(address, live)) },
  ])
  return (
    <Page title="Audit trail">
      <Chips address={address} filters={FILTERS} />
      <div class="bar">
        {canFollow(params) && (
          <a class={live ? 'button on' : 'button'} href={tailHref(address, live)}>
            Live tail: {live ? 'on' : 'off'}
          </a>
        )}
        <Order address={address} />
        <Exports params={params} />
      </div>
      {trail.problem !== null && <ProblemNotice problem={trail.problem} retry={trail.reload} />}
      {data === null && trail.problem === null && <Loading what="the trail" />}
      {live && (
        <p class="hidden" role="status">
          {tail.entries.length} new since the page was opened
        </p>
      )}
      <div role="status" class="news">
        {tail.held && (
          <button type="button" class="primary" onClick={() => scrollTo({ top: 0 })}>
            New entries above
          </button>
        )}
      </div>
      {tail.entries.length > 0 && <EntryTable entries={tail.entries} caption="New since the page was opened" fresh />}
      {tail.gap && (
        <p class="notice">
          More came than is shown here. <a href={address.hrefWith({ live: null })}>Load the list again</a> to see all of
          it.
        </p>
      )}
      {data !== null && data.length > 0 && <EntryTable entries={data} busy={trail.loading} />}
      {data !== null && data.length === 0 && tail.entries.length === 0 && (
        <Empty title={params.size === 0 ? 'Nothing has happened yet' : 'No entry matches'}>
          <p>
            {params.size === 0
              ? 'Every command that the ledger takes leaves an entry here.'
              : 'Remove a filter, or move the times.'}
          </p>
        </Empty>
      )}
      {trail.value !== null && <Pager address={address} next={trail.value.next_cursor} />}
    </Page>
  )
}

const tailHref = (address: Address, live: boolean): string => address.hrefWith({ live: live ? null : 'on' })

const SORTS = [
  ['-position', 'Newest first'],
  ['position', 'Oldest first'],
  ['-occurred_at', 'Latest occurred first'],
  ['occurred_at', 'Earliest occurred first'],
] as const

const Order = ({ address }: Readonly<{ address: Address }>) => (
  <label>
    Order{' '}
    <select
      value={address.params.get('sort') ?? '-position'}
      onInput={({ currentTarget: { value } }) =>
        address.go(address.hrefWith({ sort: value === '-position' ? null : value, cursor: null, live: null }))
      }
    >
      {SORTS.map(([sort, words]) => (
        <option key={sort} value={sort}>
          {words}
        </option>
      ))}
    </select>
  </label>
)

const FORMATS = [
  ['csv', 'CSV'],
  ['ndjson', 'JSON lines'],
  ['cloudevents', 'CloudEvents'],
] as const

/** All that matches, as the server streams it. */
const Exports = ({ params }: Readonly<{ params: URLSearchParams }>) => {
  const filters = new URLSearchParams(params)
  for (const name of ['cursor', 'live', 'limit']) filters.delete(name)
  return (
    <span class="exports">
      Export{' '}
      {FORMATS.map(([format, name]) => (
        <a
          key={format}
          class="button"
          download={`audit.${format === 'csv' ? 'csv' : 'ndjson'}`}
          href={`${apiHref('audit', { format })}${filters.size === 0 ? '' : `&${filters}`}`}
        >
          {name}
        </a>
      ))}
    </span>
  )
}
