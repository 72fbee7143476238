/** One policy version over time: runs, outcomes, errors and durations; another version over it on demand. */
import { Page } from '../frame.tsx'
import { type Address, pageHref, policyHref, useAddress } from '../lib/address.ts'
import { durationText, numberText, shareText } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { Breakdown } from '../parts/breakdown.tsx'
import { timeIn } from '../parts/chips.tsx'
import { Duration } from '../parts/moment.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'
import { Chart, type Series } from './chart.tsx'
import { type Bucket, commonResults, edgesAround, type Size, shareOf, timesOf, valuesAt } from './figures.ts'
import { FiguresTable } from './figures-table.tsx'

export const PolicyVersion = ({ params }: Readonly<{ params?: Readonly<{ id?: string }> }>) => {
  const id = params?.id ?? ''
  const address = useAddress()
  const size: Size = address.params.get('bucket') === 'hour' ? 'hour' : 'day'
  const range = { from: address.params.get('from') ?? undefined, to: address.params.get('to') ?? undefined }
  const other = address.params.get('with')
  const key = JSON.stringify([id, size, range])
  const total = useLoad(`total ${key}`, (signal) =>
    ledger.getPolicyStats(id, { ...range, bucket: 'total' }, { signal }),
  )
  const stats = useLoad(key, (signal) => ledger.getPolicyStats(id, { ...range, bucket: size }, { signal }))
  const others = useLoad(other === null ? null : JSON.stringify([other, size, range]), (signal) =>
    ledger.getPolicyStats(other ?? '', { ...range, bucket: size }, { signal }),
  )
  const buckets = stats.value?.data ?? null
  const summary = total.value?.data[0]
  return (
    <Page
      title={`Policy version ${id}`}
      heading={
        <>
          Policy version <span class="id">{id}</span>
        </>
      }
      aside={
        <>
          <a href={policyHref(id, other === null ? {} : { with: other }, 'agreement')}>Agreement</a>{' '}
          <a href={pageHref('policy-versions')}>All versions</a>
        </>
      }
    >
      <Choices address={address} size={size} />
      {[stats, others].map(({ problem, reload }, at) =>
        problem === null ? null : <ProblemNotice key={at === 0 ? id : other} problem={problem} retry={reload} />,
      )}
      {buckets === null && stats.problem === null && <Loading what="the figures" />}
      {buckets?.length === 0 && (
        <Empty title="No runs in this time">
          <p>No run was created under this policy version then. Widen the range.</p>
        </Empty>
      )}
      {summary !== undefined && summary.runs > 0 && <Summary id={id} bucket={summary} />}
      {buckets !== null && buckets.length > 0 && (
        <Figures
          address={address}
          id={id}
          size={size}
          buckets={buckets}
          other={other}
          others={others.value?.data ?? []}
        />
      )}
    </Page>
  )
}

const Choices = ({ address, size }: Readonly<{ address: Address; size: Size }>) => {
  const { params } = address
  const apply = (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string) => String(data.get(name) ?? '').trim() || null
    const time = (name: string) => {
      const typed = text(name)
      return typed === null ? null : timeIn(typed)
    }
    address.go(
      address.hrefWith({
        bucket: text('bucket') === 'hour' ? 'hour' : null,
        from: time('from'),
        to: time('to'),
        with: text('with'),
      }),
    )
  }
  return (
    <form class="moment-form" onSubmit={apply} key={`${params}`}>
      <label>
        By{' '}
        <select name="bucket" defaultValue={size}>
          <option value="day" selected={size === 'day'}>
            day
          </option>
          <option value="hour" selected={size === 'hour'}>
            hour
          </option>
        </select>
      </label>
      <label>
        From <input name="from" defaultValue={params.get('from') ?? ''} placeholder="2026-11-03" />
      </label>
      <label>
        To <input name="to" defaultValue={params.get('to') ?? ''} placeholder="2026-11-24" />
      </label>
      <label>
        Over it, version <input name="with" defaultValue={params.get('with') ?? ''} placeholder="policy version id" />
      </label>
      <button type="submit">Show</button>
      {(params.has('from') || params.has('to')) && (
        <a href={address.hrefWith({ from: null, to: null })}>All the time</a>
      )}
    </form>
  )
}

const Summary = ({ id, bucket }: Readonly<{ id: string; bucket: Bucket }>) => (
  <section aria-label="In all">
    <dl class="facts">
      <div>
        <dt>Runs</dt>
        <dd class="number">{numberText(bucket.runs)}</dd>
      </div>
      <div>
        <dt>Error rate</dt>
        <dd class="number">{shareText(bucket.error_rate)}</dd>
      </div>
      {(['p50', 'p95', 'p99'] as const).map((name) => (
        <div key={name}>
          <dt>Duration {name}</dt>
          <dd>
            <Duration ms={bucket.duration_ms[name]} />
          </dd>
        </div>
      ))}
    </dl>
    <Breakdown by_status={bucket.by_status} hrefOf={(status) => pageHref('runs', { policy_version_id: id, status })} />
  </section>
)

type FiguresProps = Readonly<{
  address: Address
  id: string
  size: Size
  buckets: readonly Bucket[]
  other: string | null
  others: readonly Bucket[]
}>

const TONES = ['chart-1', 'chart-2', 'chart-3', 'chart-4', 'chart-5'] as const

const Figures = ({ address, id, size, buckets, other, others }: FiguresProps) => {
  const times = timesOf(size, buckets, others)
  const onRange = (from: number, to: number) => address.go(address.hrefWith(edgesAround(size, from, to)))
  const line = (
    label: string,
    tone: string,
    of: (bucket: Bucket) => number | null,
    more: Partial<Series> = {},
  ): readonly Series[] => [
    { label: other === null ? label : `${label}, ${id}`, tone, values: valuesAt(size, times, buckets, of), ...more },
    ...(other === null
      ? []
      : [{ label: `${label}, ${other}`, tone, dashed: true, values: valuesAt(size, times, others, of) }]),
  ]
  const shared = { times, onRange }
  const results = commonResults([...buckets, ...others], other === null ? TONES.length : 2)
  return (
    <>
      <p class="hint">Drag over a chart to choose a range.{other !== null && ` Dashed lines are of ${other}.`}</p>
      <div class="charts">
        <Chart
          title={`Runs created, by ${size}`}
          series={line('Runs', 'chart-1', ({ runs }) => runs, { bars: other === null })}
          format={numberText}
          {...shared}
        />
        <Chart
          title="Outcomes, share of completed runs"
          series={results.flatMap((result, at) => line(result ?? 'no result', TONES[at] ?? 'chart-5', shareOf(result)))}
          format={shareText}
          {...shared}
        />
        <Chart
          title="Error rate"
          series={line('FAILURE ÷ completed', 'chart-4', ({ error_rate }) => error_rate)}
          format={shareText}
          {...shared}
        />
        <Chart
          title="Duration until completion"
          series={(['p50', 'p95', 'p99'] as const).flatMap((name, at) =>
            line(name, TONES[at] ?? 'chart-1', ({ duration_ms }) => duration_ms[name]),
          )}
          format={durationText}
          {...shared}
        />
      </div>
      <FiguresTable id={id} buckets={buckets} size={size} />
      {other !== null && others.length > 0 && <FiguresTable id={other} buckets={others} size={size} />}
    </>
  )
}
