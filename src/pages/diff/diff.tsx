/** Two runs, or two moments of one, side by side. */
import type { ComponentChildren } from 'preact'
import { type Change, changesOf } from '../../../projections/changes.ts'
import type { Run } from '../../client/client.ts'
import { Page } from '../frame.tsx'
import { type Address, groupHref, policyHref, runHref, useAddress } from '../lib/address.ts'
import { counted, msBetween } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { Path } from '../parts/changes.tsx'
import { Duration, Moment } from '../parts/moment.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'
import { Status } from '../parts/status.tsx'
import { Value } from '../parts/value.tsx'
import { Paths } from './paths.tsx'

type Comparison = Extract<Awaited<ReturnType<typeof ledger.compareRuns>>, { _tag: 'Right' }>['right']

export const Diff = () => {
  const address = useAddress()
  const [a, b] = [address.params.get('a'), address.params.get('b')]
  const compared = useLoad(a === null || b === null ? null : `${a} ${b}`, (signal) =>
    ledger.compareRuns({ a: a ?? '', b: b ?? '' }, { signal }),
  )
  return (
    <Page title="Compare">
      <Choose address={address} />
      {compared.problem !== null && <ProblemNotice problem={compared.problem} retry={compared.reload} />}
      {compared.loading && compared.value === null && <Loading what="both runs" />}
      {compared.value !== null && <Sides comparison={compared.value} />}
      {(a === null || b === null) && (
        <Empty title="Choose two runs">
          <p>
            Two runs, or two moments of one: <code>loan-1</code> as it is now, <code>loan-1@3</code> after its event 3,{' '}
            <code>loan-1@2026-11-03T09:00Z</code> as it stood then.
          </p>
        </Empty>
      )}
    </Page>
  )
}

const Choose = ({ address }: Readonly<{ address: Address }>) => {
  const { params } = address
  const show = (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    address.go(address.hrefWith({ a: String(data.get('a')).trim(), b: String(data.get('b')).trim() }))
  }
  return (
    <form class="moment-form" onSubmit={show} key={`${params}`}>
      <label>
        Run a <input name="a" required defaultValue={params.get('a') ?? ''} placeholder="loan-1@3" spellcheck={false} />
      </label>
      <label>
        Run b <input name="b" required defaultValue={params.get('b') ?? ''} placeholder="loan-2" spellcheck={false} />
      </label>
      <button type="submit">Compare</button>
      {params.has('a') && params.has('b') && (
        <a href={address.hrefWith({ a: params.get('b'), b: params.get('a') })}>Swap</a>
      )}
    </form>
  )
}

const Sides = ({ comparison }: Readonly<{ comparison: Comparison }>) => {
  const { a, b, path } = comparison
  const changes = changesOf(a.run, b.run)
  return (
    <>
      <div class="scroll">
        <table class="sides-table">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <Side name="a" side={a} />
              <Side name="b" side={b} />
            </tr>
          </thead>
          <tbody>
            <Row name="Status" a={<Status status={a.run.status} />} b={<Status status={b.run.status} />} />
            <Row name="Result" a={a.run.result ?? NONE} b={b.run.result ?? NONE} />
            <Row name="Policy version" a={<Policy run={a.run} />} b={<Policy run={b.run} />} />
            <Row name="Group" a={<Group run={a.run} />} b={<Group run={b.run} />} />
            <Row
              name="Created"
              a={<Moment time={a.run.created_at} zoned />}
              b={<Moment time={b.run.created_at} zoned />}
            />
            <Row name="Creation to last update" a={<Lasted run={a.run} />} b={<Lasted run={b.run} />} />
          </tbody>
          <Differences title="Input" base="/input_data" changes={changes} />
          <Differences title="Metadata" base="/run_metadata" changes={changes} />
        </table>
      </div>
      <Paths path={path} />
    </>
  )
}

const NONE = <span class="none">—</span>

type RowProps = Readonly<{ name: ComponentChildren; a: ComponentChildren; b: ComponentChildren }>

const Row = ({ name, a, b }: RowProps) => (
  <tr>
    <th scope="row">{name}</th>
    <td>{a}</td>
    <td>{b}</td>
  </tr>
)

const Policy = ({ run: { policy_version_id: id } }: Readonly<{ run: Run }>) => <a href={policyHref(id)}>{id}</a>

const Group = ({ run: { run_group_id: id } }: Readonly<{ run: Run }>) =>
  id === null ? NONE : <a href={groupHref(id)}>{id}</a>

const Lasted = ({ run }: Readonly<{ run: Run }>) => <Duration ms={msBetween(run.created_at, run.last_updated_at)} />

const Side = ({ name, side: { run, revision } }: Readonly<{ name: string; side: Comparison['a'] }>) => (
  <th scope="col">
    {name}: <a href={runHref(run.run_id, { rev: revision })}>{run.run_id}</a>{' '}
    <span class="none">after event {revision}</span>
  </th>
)

type DifferencesProps = Readonly<{ title: string; base: string; changes: readonly Change[] }>

/** What differs below `base`, both values beside each other. */
const Differences = ({ title, base, changes }: DifferencesProps) => {
  const mine = changes.filter(({ path }) => path.startsWith(base))
  return (
    <tbody>
      <tr class="day">
        <th colSpan={3} scope="rowgroup">
          {title} <span class="none">{mine.length === 0 ? 'is the same' : counted(mine.length, 'difference')}</span>
        </th>
      </tr>
      {mine.map((change) => (
        <Row
          key={change.path}
          name={<Path path={change.path} />}
          a={<Value value={change.from} name={`a ${change.path}`} />}
          b={<Value value={change.to} name={`b ${change.path}`} />}
        />
      ))}
    </tbody>
  )
}
