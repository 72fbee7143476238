/** How many runs have which status: a bar for the eye, a list with numbers for everybody. */
import { numberText, shareText } from '../lib/format.ts'
import { lookOf, Status } from './status.tsx'

type BreakdownProps = Readonly<{ by_status: Readonly<Record<string, number>>; hrefOf: (status: string) => string }>

export const Breakdown = ({ by_status, hrefOf }: BreakdownProps) => {
  const counts = Object.entries(by_status)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
  const all = counts.reduce((sum, [, count]) => sum + count, 0)
  return (
    <div class="breakdown">
      <div class="stack" aria-hidden="true">
        {counts.map(([status, count]) => (
          <span key={status} class={lookOf(status).tone} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul>
        {counts.map(([status, count]) => (
          <li key={status}>
            <a href={hrefOf(status)}>
              <Status status={status} />
            </a>{' '}
            <span class="number">{numberText(count)}</span> <span class="none number">{shareText(count / all)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
