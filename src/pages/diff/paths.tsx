/** The events of both runs, those of one kind beside each other, with the time that each took. */
import { useState } from 'preact/hooks'
import { numberText } from '../lib/format.ts'
import type { ledger } from '../lib/ledger.ts'
import { Duration, Moment } from '../parts/moment.tsx'
import { Status } from '../parts/status.tsx'

type Path = Extract<Awaited<ReturnType<typeof ledger.compareRuns>>, { _tag: 'Right' }>['right']['path']
type Step = Path[number]['a']

const AT_ONCE = 200

export const Paths = ({ path }: Readonly<{ path: Path }>) => {
  const [count, setCount] = useState(AT_ONCE)
  return (
    <section aria-label="Path of events">
      <h2>Path of events</h2>
      <div class="scroll">
        <table class="paths">
          <thead>
            <tr>
              <th scope="col">In a</th>
              <th scope="col" class="right">
                after
              </th>
              <th scope="col">In b</th>
              <th scope="col" class="right">
                after
              </th>
            </tr>
          </thead>
          <tbody>
            {path.slice(0, count).map(({ a, b }) => (
              <tr key={`${a?.revision} ${b?.revision}`} class={a === null || b === null ? 'changed' : undefined}>
                <Side step={a} />
                <Side step={b} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {path.length > count && (
        <button type="button" onClick={() => setCount(count + 1_000)}>
          Show more of {numberText(path.length)}
        </button>
      )}
    </section>
  )
}

const Side = ({ step }: Readonly<{ step: Step }>) =>
  step === null ? (
    <td colSpan={2} class="none">
      no such step
    </td>
  ) : (
    <>
      <td>
        <span class="number none">{step.revision}</span> <Status status={step.status} /> {step.type} by {step.actor}{' '}
        <span class="none">
          <Moment time={step.occurred_at} zoned />
        </span>
      </td>
      <td class="right">
        <Duration ms={step.elapsed_ms} />
      </td>
    </>
  )
