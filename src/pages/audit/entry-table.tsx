/** Entries of the trail, grouped by the day on which the ledger recorded them. */
import type { Change } from '../../../projections/changes.ts'
import type { Entry } from '../../client/client.ts'
import { pageHref, runHref } from '../lib/address.ts'
import { counted } from '../lib/format.ts'
import { dayOf, dayText, zoneName } from '../lib/zone.ts'
import { Changes } from '../parts/changes.tsx'
import { Moment } from '../parts/moment.tsx'
import { Status } from '../parts/status.tsx'

type EntryTableProps = Readonly<{ entries: readonly Entry[]; caption?: string; fresh?: boolean; busy?: boolean }>

export const EntryTable = ({ entries, caption, fresh = false, busy = false }: EntryTableProps) => (
  <div class="scroll">
    <table class={fresh ? 'entries fresh' : 'entries'} aria-busy={busy}>
      {caption !== undefined && <caption>{caption}</caption>}
      <thead>
        <tr>
          <th scope="col">Recorded ({zoneName.value})</th>
          <th scope="col">Actor</th>
          <th scope="col">Event</th>
          <th scope="col">Run</th>
          <th scope="col">What changed, and why</th>
        </tr>
      </thead>
      {daysOf(entries).map(({ day, ofDay }) => (
        // The oldest stays while newer ones join above it.
        <tbody key={`${day} ${ofDay.at(-1)?.position}`}>
          <tr class="day">
            <th colSpan={5} scope="rowgroup">
              {dayText(ofDay[0]?.recorded_at ?? '')}{' '}
              <span class="none">{counted(ofDay.length, 'entry', 'entries')} on this page</span>
            </th>
          </tr>
          {ofDay.map((entry) => (
            <Row key={entry.position} entry={entry} />
          ))}
        </tbody>
      ))}
    </table>
  </div>
)

/** Neighbours of one day together, in the order that they come in. */
const daysOf = (entries: readonly Entry[]): readonly Readonly<{ day: string; ofDay: readonly Entry[] }>[] => {
  const days: { day: string; ofDay: Entry[] }[] = []
  for (const entry of entries) {
    const day = dayOf(entry.recorded_at)
    const last = days.at(-1)
    if (last?.day === day) last.ofDay.push(entry)
    else days.push({ day, ofDay: [entry] })
  }
  return days
}

const Row = ({ entry }: Readonly<{ entry: Entry }>) => (
  <tr>
    <td>
      <Moment time={entry.recorded_at} clock />
      {entry.occurred_at !== null && isElsewhen(entry) && (
        <span class="none">
          occurred <Moment time={entry.occurred_at} />
        </span>
      )}
    </td>
    <td>
      {entry.actor === null ? (
        <span class="none">unknown</span>
      ) : (
        <a href={pageHref('audit', { actor: entry.actor })}>{entry.actor}</a>
      )}
    </td>
    <td>{entry.type}</td>
    <td>
      <a href={runHref(entry.run_id, { rev: entry.revision })}>{entry.run_id}</a>{' '}
      <span class="none number">{entry.revision}</span>
    </td>
    <td>
      <What entry={entry} />
      {entry.reason !== null && <q class="reason">{entry.reason}</q>}
    </td>
  </tr>
)

const MINUTE = 60_000

/** Whether it happened at another time than it was recorded. */
const isElsewhen = ({ occurred_at, recorded_at }: Entry): boolean =>
  Math.abs(Date.parse(recorded_at) - Date.parse(occurred_at ?? recorded_at)) > MINUTE

const What = ({ entry: { changes, type } }: Readonly<{ entry: Entry }>) => {
  if (changes === null) return <span class="status bad">cannot be read</span>
  if (type !== 'RunCreated') return <Changes changes={changes as readonly Change[]} />
  // A new run sets every field: what distinguishes it from others is enough here.
  const policy = changes.find(({ path }) => path === '/policy_version_id')?.to
  return (
    <span>
      <Status status="PENDING" /> under {String(policy)}
    </span>
  )
}
