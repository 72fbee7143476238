/** What changed in a Run: a line for each path, with what stood there before and after. */
import type { Change } from '../../../projections/changes.ts'
import { Icon } from './icon.tsx'
import { Moment } from './moment.tsx'
import { Status } from './status.tsx'
import { Value } from './value.tsx'

/** `from` and `to` name the two sides for those who do not see the signs. */
type ChangesProps = Readonly<{ changes: readonly Change[]; from?: string; to?: string }>

export const Changes = ({ changes, from = 'before', to = 'after' }: ChangesProps) => (
  <ul class="changes">
    {changes.map((change) => (
      <li key={change.path}>
        <Path path={change.path} /> <Sides change={change} from={from} to={to} />
      </li>
    ))}
  </ul>
)

const Sides = ({ change, from, to }: Readonly<{ change: Change; from: string; to: string }>) => {
  if (change.path === '/status' && typeof change.to === 'string')
    return (
      <span class="sides">
        {typeof change.from === 'string' && (
          <>
            <Status status={change.from} /> <Arrow />
          </>
        )}
        <Status status={change.to} />
      </span>
    )
  const isNew = !('from' in change)
  const isGone = !('to' in change)
  return (
    <span class="sides">
      {!isNew && change.from !== null && (
        <del>
          <span class="hidden">{from}: </span>
          <Value value={change.from} name={change.path} />
        </del>
      )}
      {!isNew && !isGone && change.from !== null && <Arrow />}
      {isGone ? (
        <span class="none"> removed</span>
      ) : (
        <ins>
          <span class="hidden">{to}: </span>
          {isTimeOfRun(change.path) && typeof change.to === 'string' ? (
            <Moment time={change.to} zoned />
          ) : (
            <Value value={change.to} name={change.path} />
          )}
        </ins>
      )}
    </span>
  )
}

const Arrow = () => (
  <span class="arrow">
    <Icon name="to" />
  </span>
)

const isTimeOfRun = (path: string): boolean => path === '/started_at' || path === '/created_at'

/** A JSON Pointer into the Run, without the slash that begins it. */
export const Path = ({ path }: Readonly<{ path: string }>) => (
  <code class="path" title={path}>
    {path.slice(1).replace(/^(run_metadata|input_data)\//, '')}
  </code>
)
