/** The few icons, drawn by hand on a grid of 16. Always beside a word, so none is announced. */

const PATHS = {
  done: 'M3 8.5 6.5 12 13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
  cancelled: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M4.2 11.8l7.6-7.6',
  pending: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3',
  started: 'M5 3.5v9l7-4.5z',
  waiting: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.6',
  warning: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.5M8 11.4v.6',
  live: 'M2.5 8h2.5l1.5-4 3 8 1.5-4h2.5',
  cut: 'M2.5 8h3M10.5 8h3M6.5 10.5l3-5',
  previous: 'M10 3 5 8l5 5',
  next: 'm6 3 5 5-5 5',
  close: 'm4.5 4.5 7 7m0-7-7 7',
  to: 'M2.5 8h10.5M9.5 4.5 13 8l-3.5 3.5',
  up: 'M8 13V3.5M4.5 7 8 3.5 11.5 7',
  down: 'M8 3v9.5M4.5 9 8 12.5 11.5 9',
} as const

export type IconName = keyof typeof PATHS

export const Icon = ({ name }: Readonly<{ name: IconName }>) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path
      d={PATHS[name]}
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </svg>
)
