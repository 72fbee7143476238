/** The time zone in which times are shown: UTC or the reader's own, one switch for all pages. */
import { computed, signal } from '@preact/signals'
import { stored } from './stored.ts'

const choice = stored('zone', 'utc')

export const isUtc = computed(() => choice.value !== 'local')

/** The zone's short name: `UTC`, or such as `CET`. */
export const zoneName = computed(() =>
  isUtc.value
    ? 'UTC'
    : (new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' })
        .formatToParts(now.value)
        .find(({ type }) => type === 'timeZoneName')?.value ?? 'local'),
)

export const switchZone = (): void => {
  choice.value = isUtc.value ? 'local' : 'utc'
}

const timeZone = computed(() => (isUtc.value ? 'UTC' : undefined))

const dateTime = computed(
  () =>
    new Intl.DateTimeFormat(undefined, {
      timeZone: timeZone.value,
      year: 'numeric',
      month: 'short',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    }),
)
const day = computed(() => new Intl.DateTimeFormat(undefined, { timeZone: timeZone.value, dateStyle: 'full' }))
const clock = computed(
  () => new Intl.DateTimeFormat(undefined, { timeZone: timeZone.value, timeStyle: 'medium', hourCycle: 'h23' }),
)
const calendarDay = computed(
  () =>
    new Intl.DateTimeFormat('en-CA', { timeZone: timeZone.value, year: 'numeric', month: '2-digit', day: '2-digit' }),
)

export const dateTimeText = (time: string): string => dateTime.value.format(new Date(time))
export const dayText = (time: string): string => day.value.format(new Date(time))
export const clockText = (time: string): string => clock.value.format(new Date(time))
/** `2026-11-03`: the day that `time` falls on in the zone of the switch. */
export const dayOf = (time: string): string => calendarDay.value.format(new Date(time))

/** Now, by the minute, for ages. */
export const now = signal(Date.now())
setInterval(() => {
  now.value = Date.now()
}, 30_000)
