/** The figures of the charts as a table, newest first. */
import { useState } from 'preact/hooks'
import { pageHref } from '../lib/address.ts'
import { numberText, shareText } from '../lib/format.ts'
import { zoneName } from '../lib/zone.ts'
import { Duration, Moment } from '../parts/moment.tsx'
import { type Bucket, commonResults, type Size, shareOf } from './figures.ts'

type FiguresTableProps = Readonly<{ id: string; buckets: readonly Bucket[]; size: Size }>

const AT_ONCE = 60

export const FiguresTable = ({ id, buckets, size }: FiguresTableProps) => {
  const [whole, setWhole] = useState(false)
  const results = commonResults(buckets, 4)
  const rows = buckets.toReversed()
  return (
    <div class="scroll">
      <table>
        <caption>
          {id}, by {size}
        </caption>
        <thead>
          <tr>
            <th scope="col">From ({zoneName.value})</th>
            <th scope="col" class="right">
              Runs
            </th>
            <th scope="col" class="right">
              Error rate
            </th>
            {results.map((result) => (
              <th key={result} scope="col" class="right">
                {result ?? 'no result'}
              </th>
            ))}
            <th scope="col" class="right">
              p50
            </th>
            <th scope="col" class="right">
              p95
            </th>
            <th scope="col" class="right">
              p99
            </th>
          </tr>
        </thead>
        <tbody>
          {(whole ? rows : rows.slice(0, AT_ONCE)).map((bucket) => (
            <tr key={bucket.from}>
              <th scope="row">
                <a
                  href={pageHref('runs', {
                    policy_version_id: id,
                    created_after: bucket.from,
                    created_before: bucket.to,
                  })}
                >
                  <Moment time={bucket.from} />
                </a>
              </th>
              <td class="right number">{numberText(bucket.runs)}</td>
              <td class="right number">{shareText(bucket.error_rate)}</td>
              {results.map((result) => (
                <td key={result} class="right number">
                  {shareText(shareOf(result)(bucket))}
                </td>
              ))}
              {(['p50', 'p95', 'p99'] as const).map((name) => (
                <td key={name} class="right">
                  <Duration ms={bucket.duration_ms[name]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {!whole && rows.length > AT_ONCE && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {numberText(rows.length)}
        </button>
      )}
    </div>
  )
}
