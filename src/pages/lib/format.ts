/** Numbers, shares and durations in the reader's locale. */

const whole = new Intl.NumberFormat()
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })

export const numberText = (value: number): string => whole.format(value)

/** `—` where there is nothing to divide. */
export const shareText = (share: number | null): string => (share === null ? '—' : percent.format(share))

export const bytesText = (bytes: number): string =>
  bytes < 1024
    ? `${bytes} B`
    : bytes < 1024 ** 2
      ? `${short.format(bytes / 1024)} kB`
      : `${short.format(bytes / 1024 ** 2)} MB`

/** Two units at most: `3 d 4 h`, `12 min 5 s`, `840 ms`. */
export const durationText = (ms: number | null): string => {
  if (ms === null) return '—'
  if (ms < 1_000) return `${short.format(ms)} ms`
  if (ms < MINUTE) return `${short.format(ms / 1_000)} s`
  const at = UNITS.findIndex(([unit]) => ms >= unit)
  const [unit, name] = UNITS[at] ?? [MINUTE, 'min']
  const [next, nextName] = UNITS[at + 1] ?? [1_000, 's']
  const rest = Math.floor((ms % unit) / next)
  return `${whole.format(Math.floor(ms / unit))} ${name}${rest === 0 ? '' : ` ${rest} ${nextName}`}`
}

/** The exact value, to hover over or copy. */
export const exactDuration = (ms: number | null): string => (ms === null ? '' : `${ms} ms`)

const MINUTE = 60_000
const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [MINUTE, 'min'],
  [1_000, 's'],
] as const

export const msBetween = (from: string, to: string): number => Date.parse(to) - Date.parse(from)

/** `1 event`, `2 events`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${numberText(count)} ${count === 1 ? one : many}`
