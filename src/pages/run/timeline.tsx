/** The events of a run: who did what, when and why, and what it changed. A hundred at a time, around the one that is shown. */
import { useState } from 'preact/hooks'
import type { Change } from '../../../projections/changes.ts'
import type { Entry } from '../../client/client.ts'
import type { Address } from '../lib/address.ts'
import { counted, durationText, msBetween, numberText } from '../lib/format.ts'
import { Changes } from '../parts/changes.tsx'
import { Icon } from '../parts/icon.tsx'
import { Moment } from '../parts/moment.tsx'
import { lookOf } from '../parts/status.tsx'
import { Text } from '../parts/value.tsx'
import type { Trail } from './trail.ts'

const WINDOW = 100

type TimelineProps = Readonly<{ address: Address; trail: Trail; revision: number }>

export const Timeline = ({ address, trail, revision }: TimelineProps) => {
  const { entries } = trail
  const from = Math.floor(Math.max(0, revision) / WINDOW) * WINDOW
  const shown = entries.slice(from, from + WINDOW)
  const hrefTo = (rev: number) => address.hrefWith({ rev, as_of: null, known_at: null })
  return (
    <section class="timeline" aria-label="Timeline">
      <h2>
        Timeline <span class="none">{counted(entries.length, 'event')}</span>
      </h2>
      {from > 0 && (
        <a class="fold" href={hrefTo(from - 1)}>
          Events {numberText(from - WINDOW)} to {numberText(from - 1)}
        </a>
      )}
      <ol start={from}>
        {shown.map((entry, at) => (
          <Event
            key={entry.revision}
            entry={entry}
            before={at === 0 ? entries[from - 1] : shown[at - 1]}
            href={hrefTo(entry.revision)}
            isShown={entry.revision === revision}
          />
        ))}
      </ol>
      {entries.length > from + WINDOW && (
        <a class="fold" href={hrefTo(from + WINDOW)}>
          Events {numberText(from + WINDOW)} to {numberText(Math.min(entries.length, from + 2 * WINDOW) - 1)}
        </a>
      )}
    </section>
  )
}

type EventProps = Readonly<{ entry: Entry; before: Entry | undefined; href: string; isShown: boolean }>

const Event = ({ entry, before, href, isShown }: EventProps) => {
  const { icon, tone } = entry.changes === null ? UNREADABLE : lookOf(statusSetBy(entry))
  const step =
    before?.occurred_at != null && entry.occurred_at !== null ? msBetween(before.occurred_at, entry.occurred_at) : null
  return (
    <li class={isShown ? 'at' : undefined} aria-current={isShown ? 'step' : undefined}>
      <span class={`dot status ${tone}`}>
        <Icon name={icon} />
      </span>
      <div>
        <p class="event-head">
          <a href={href}>
            <span class="number">{entry.revision}</span> {entry.type}
          </a>{' '}
          by <strong>{entry.actor ?? 'unknown'}</strong>
          <span class="when">
            <Moment time={entry.occurred_at} zoned />
            {step !== null && (
              <span class="none" title={`${step} ms after the event before`}>
                {' '}
                +{durationText(step)}
              </span>
            )}
          </span>
        </p>
        {entry.reason !== null && <q class="reason">{entry.reason}</q>}
        {entry.changes === null ? (
          <p class="status bad">The run cannot be read as far as this.</p>
        ) : entry.revision === 0 ? null : (
          <Changes changes={entry.changes as readonly Change[]} />
        )}
        <Raw entry={entry} />
      </div>
    </li>
  )
}

const UNREADABLE = { icon: 'warning', tone: 'bad' } as const

const statusSetBy = ({ type, changes }: Entry): string => {
  const set = changes?.find(({ path }) => path === '/status')?.to
  return typeof set === 'string' ? set : type === 'RunCreated' ? 'PENDING' : 'OWN'
}

/** The event as it is stored, drawn once it is asked for. */
const Raw = ({ entry }: Readonly<{ entry: Entry }>) => {
  const [open, setOpen] = useState(false)
  return (
    <details class="raw" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        Raw event<span class="hidden"> {entry.revision}</span>
      </summary>
      {open && <Text text={JSON.stringify(entry, null, 2)} name={`event-${entry.revision}`} />}
    </details>
  )
}
