/** Steps through the revisions of a run: a slider, its keys, and the other revision to compare with. */
import type { Address } from '../lib/address.ts'
import { counted, numberText } from '../lib/format.ts'
import { timeIn } from '../parts/chips.tsx'
import { Icon } from '../parts/icon.tsx'
import { Moment } from '../parts/moment.tsx'
import type { Trail } from './trail.ts'

type StepperProps = Readonly<{
  address: Address
  trail: Trail
  last: number
  revision: number
  moveTo: (revision: number) => void
}>

export const Stepper = ({ address, trail, last, revision, moveTo }: StepperProps) => {
  const entry = trail.entries[revision]
  return (
    <section class="stepper" aria-label="Revisions">
      <h2>
        {revision === last ? 'Now' : 'As it stood'}: after event {numberText(revision)} of {numberText(last)}
      </h2>
      <div class="slide">
        <button
          type="button"
          disabled={revision <= 0}
          onClick={() => moveTo(revision - 1)}
          aria-label="The event before"
        >
          <Icon name="previous" />
        </button>
        <input
          type="range"
          min={0}
          max={last}
          step={1}
          value={revision}
          disabled={last === 0}
          aria-label="Revision"
          aria-valuetext={entry === undefined ? '' : `${revision}: ${entry.type} by ${entry.actor ?? 'unknown'}`}
          onInput={({ currentTarget }) => moveTo(Number(currentTarget.value))}
        />
        <button
          type="button"
          disabled={revision >= last}
          onClick={() => moveTo(revision + 1)}
          aria-label="The next event"
        >
          <Icon name="next" />
        </button>
      </div>
      {entry !== undefined && (
        <p>
          {entry.type} by <strong>{entry.actor ?? 'unknown'}</strong>, <Moment time={entry.occurred_at} zoned />
          {!trail.whole && <span class="none"> · {counted(trail.entries.length, 'event')} loaded so far</span>}
        </p>
      )}
      <Goto address={address} />
    </section>
  )
}

/** Another moment, or another revision to compare with. */
const Goto = ({ address }: Readonly<{ address: Address }>) => {
  const go = (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string) => String(data.get(name) ?? '').trim() || null
    const [as_of, known_at] = [text('as_of'), text('known_at')]
    const moved = as_of !== null || known_at !== null
    address.go(
      address.hrefWith({
        as_of: as_of === null ? null : timeIn(as_of),
        known_at: known_at === null ? null : timeIn(known_at),
        against: text('against'),
        ...(moved ? { rev: null } : undefined),
      }),
    )
  }
  const { params } = address
  const field = (name: string) => ({ name, defaultValue: params.get(name) ?? '', key: params.get(name) })
  return (
    <details class="more" open={params.has('against') || params.has('as_of') || params.has('known_at')}>
      <summary>Another moment or comparison</summary>
      <form onSubmit={go} class="moment-form">
        <label>
          As it stood at <input {...field('as_of')} placeholder="2026-11-03T09:00Z" />
        </label>
        <label>
          As it was known at <input {...field('known_at')} placeholder="2026-11-03T09:00Z" />
        </label>
        <label>
          Compared with revision{' '}
          <input {...field('against')} inputMode="numeric" pattern="\d{1,6}" placeholder="the one before" />
        </label>
        <button type="submit">Show</button>
      </form>
    </details>
  )
}
