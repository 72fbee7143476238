/** Times and durations: readable at a glance, exact on hover and when copied. */
import { durationText, exactDuration, msBetween } from '../lib/format.ts'
import { clockText, dateTimeText, now, zoneName } from '../lib/zone.ts'

type MomentProps = Readonly<{
  time: string | null
  /** With the zone behind it; left out where the column's head names it. */
  zoned?: boolean
  /** The time of day alone, where the day stands above. */
  clock?: boolean
}>

export const Moment = ({ time, zoned = false, clock = false }: MomentProps) =>
  time === null ? (
    <span class="none">—</span>
  ) : (
    <time dateTime={time} title={time} data-exact={time}>
      {clock ? clockText(time) : dateTimeText(time)}
      {zoned && ` ${zoneName.value}`}
    </time>
  )

export const Duration = ({ ms }: Readonly<{ ms: number | null }>) => (
  <span class="number" title={exactDuration(ms)} data-exact={exactDuration(ms)}>
    {durationText(ms)}
  </span>
)

/** How long since then, as of the last half minute; `ago` as words. */
export const Age = ({ since, ago = false }: Readonly<{ since: string; ago?: boolean }>) => {
  const ms = Math.max(0, msBetween(since, new Date(now.value).toISOString()))
  return (
    <span class="number" title={since} data-exact={since}>
      {!ago ? durationText(ms) : ms < MOMENT_MS ? 'just now' : `${durationText(ms)} ago`}
    </span>
  )
}

const MOMENT_MS = 5_000
