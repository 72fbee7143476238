/** The Run after one event: what differs from another revision, and each part with who set it, when and why. */
import { useMemo, useState } from 'preact/hooks'
import { changesOf } from '../../../projections/changes.ts'
import type { Json } from '../../run/json.ts'
import type { Run } from '../../run/run.ts'
import type { Address } from '../lib/address.ts'
import { numberText } from '../lib/format.ts'
import { zoneName } from '../lib/zone.ts'
import { Changes, Path } from '../parts/changes.tsx'
import { Moment } from '../parts/moment.tsx'
import { Status } from '../parts/status.tsx'
import { Value } from '../parts/value.tsx'
import { type Blamed, blame, type EarlierValue, earlierValues, MOST_EARLIER } from './fold.ts'
import type { Trail } from './trail.ts'

type StateProps = Readonly<{ address: Address; trail: Trail; run: Run; revision: number }>

export const RunState = ({ address, trail, run, revision }: StateProps) => {
  const other = Number(address.params.get('against') ?? revision - 1)
  const before = other >= 0 ? trail.fold.at(other) : null
  const changes = useMemo(() => (other === revision ? [] : changesOf(before, run)), [before, run])
  const changed = new Set(
    changes.map(({ path }) =>
      path
        .split('/')
        .slice(0, path.startsWith('/run_metadata/') ? 3 : 2)
        .join('/'),
    ),
  )
  // `run_metadata` is shown key by key.
  const parts = useMemo(
    () => blame(run, trail.entries, revision).filter(({ path }) => path !== '/run_metadata'),
    [run, trail.entries, revision],
  )
  return (
    <>
      <section aria-label="What differs">
        <h2>{other < 0 ? 'What the first event set' : `What differs from revision ${numberText(other)}`}</h2>
        {changes.length === 0 ? (
          <p class="none">Nothing but the time of the last update.</p>
        ) : (
          <Changes changes={changes} from={`at revision ${other}`} to={`at revision ${revision}`} />
        )}
      </section>
      <section aria-label="The Run, and who set what">
        <h2>The Run, and who set what</h2>
        <Parts parts={parts} changed={changed} address={address} trail={trail} revision={revision} />
      </section>
    </>
  )
}

type PartsProps = Readonly<{
  parts: readonly Blamed[]
  changed: ReadonlySet<string>
  address: Address
  trail: Trail
  revision: number
}>

// A run may have thousands of keys; the reader asks for more than these.
const AT_ONCE = 200

const Parts = ({ parts, changed, address, trail, revision }: PartsProps) => {
  const [count, setCount] = useState(AT_ONCE)
  const [open, setOpen] = useState<string | null>(null)
  return (
    <div class="scroll">
      <table class="blame">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
            <th scope="col">Set by</th>
            <th scope="col">When ({zoneName.value})</th>
          </tr>
        </thead>
        <tbody>
          {parts.slice(0, count).map((part) => (
            <Part
              key={part.path}
              part={part}
              isChanged={changed.has(part.path)}
              address={address}
              isOpen={open === part.path}
              toggle={() => setOpen(open === part.path ? null : part.path)}
              earlier={open === part.path ? earlierValues(part.path, trail.entries, trail.fold, revision) : []}
            />
          ))}
        </tbody>
      </table>
      {parts.length > count && (
        <button type="button" onClick={() => setCount(count + 1_000)}>
          Show {numberText(Math.min(1_000, parts.length - count))} more of {numberText(parts.length)}
        </button>
      )}
    </div>
  )
}

type PartProps = Readonly<{
  part: Blamed
  isChanged: boolean
  address: Address
  isOpen: boolean
  toggle: () => void
  earlier: readonly EarlierValue[]
}>

const Part = ({ part, isChanged, address, isOpen, toggle, earlier }: PartProps) => {
  const { path, value, entry } = part
  return (
    <>
      <tr class={isChanged ? 'changed' : undefined}>
        <th scope="row">
          <button type="button" class="plain" aria-expanded={isOpen} onClick={toggle} title="Earlier values">
            <Path path={path} />
          </button>
          {isChanged && <span class="mark">changed</span>}
        </th>
        <td>
          <PartValue path={path} value={value} />
        </td>
        <td>
          {entry.actor ?? <span class="none">unknown</span>}
          {entry.reason !== null && <q class="reason">{entry.reason}</q>}
        </td>
        <td>
          <a
            href={address.hrefWith({ rev: entry.revision, as_of: null, known_at: null })}
            title={`Revision ${entry.revision}, ${entry.type}`}
          >
            <Moment time={entry.occurred_at} />
          </a>
        </td>
      </tr>
      {isOpen && (
        <tr class="earlier">
          <td colSpan={4}>
            <ol reversed aria-label={`Values of ${path.slice(1)}, newest first`}>
              {earlier.map((each) => (
                <li key={each.entry.revision}>
                  <PartValue path={path} value={each.value} /> by {each.entry.actor ?? 'unknown'},{' '}
                  <a href={address.hrefWith({ rev: each.entry.revision, as_of: null, known_at: null })}>
                    <Moment time={each.entry.occurred_at} />
                  </a>
                  {each.entry.reason !== null && <q class="reason">{each.entry.reason}</q>}
                </li>
              ))}
            </ol>
            {earlier.length === MOST_EARLIER && <p class="none">Older ones stand in the timeline.</p>}
          </td>
        </tr>
      )}
    </>
  )
}

const PartValue = ({ path, value }: Readonly<{ path: string; value: Json | undefined }>) => {
  if (value === undefined) return <span class="none">removed</span>
  if (path === '/status' && typeof value === 'string') return <Status status={value} />
  if (path.endsWith('_at') && path.lastIndexOf('/') === 0 && typeof value === 'string') return <Moment time={value} />
  return value === null ? <span class="none">null</span> : <Value value={value} name={path.slice(1)} />
}
