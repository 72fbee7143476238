/** A chart over time. What it shows stands in a table beside it, too; a range is chosen by dragging. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { isUtc } from '../lib/zone.ts'

/** `tone` names one of the stylesheet's colours. */
export type Series = Readonly<{
  label: string
  values: readonly (number | null)[]
  tone: string
  dashed?: boolean
  bars?: boolean
}>

type ChartProps = Readonly<{
  title: string
  /** ms since 1970, ascending: where each bucket begins. */
  times: readonly number[]
  series: readonly Series[]
  format: (value: number) => string
  onRange: (from: number, to: number) => void
}>

const HEIGHT = 180

export const Chart = ({ title, times, series, format, onRange }: ChartProps) => {
  const place = useRef<HTMLDivElement>(null)
  const range = useRef(onRange)
  range.current = onRange
  const key = JSON.stringify([times, series, isUtc.value])
  // `key` holds all that is drawn
  useEffect(() => {
    const target = place.current
    if (target === null || times.length === 0) return
    let plot = draw(target, { times, series, format }, (from, to) => range.current(from, to))
    const again = () => {
      plot.destroy()
      plot = draw(target, { times, series, format }, (from, to) => range.current(from, to))
    }
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', again)
    const resized = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: HEIGHT }))
    resized.observe(target)
    return () => {
      scheme.removeEventListener('change', again)
      resized.disconnect()
      plot.destroy()
    }
  }, [key])
  return (
    <figure class="chart">
      <figcaption>
        {title}
        <span class="legend">
          {series.map(({ label, tone, dashed }) => (
            <span key={label} class={`key ${tone}${dashed === true ? ' dashed' : ''}`}>
              {label}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}. The table below holds the same figures.`} />
    </figure>
  )
}

type Drawn = Pick<ChartProps, 'times' | 'series' | 'format'>

const draw = (target: HTMLElement, { times, series, format }: Drawn, onRange: ChartProps['onRange']): uPlot => {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const axis = {
    stroke: colour('ink-quiet'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line'), width: 1 },
    font: `11px ${style.getPropertyValue('--sans')}`,
  }
  const options: uPlot.Options = {
    width: target.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: 'policy' } },
    tzDate: (seconds) => (isUtc.value ? uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') : new Date(seconds * 1_000)),
    scales: {
      x: { range: (_, least, most) => padded(times, least, most) },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] },
    },
    axes: [
      { ...axis, values: (_, seconds) => timeLabels(seconds) },
      { ...axis, size: 64, values: (_, values) => values.map(format) },
    ],
    series: [
      {},
      ...series.map(
        ({ label, tone, dashed, bars }): uPlot.Series => ({
          label,
          stroke: colour(tone),
          width: 1.5,
          spanGaps: false,
          ...(dashed === true ? { dash: [5, 4] } : undefined),
          ...(bars === true && uPlot.paths.bars !== undefined
            ? { paths: uPlot.paths.bars({ size: [0.7, 40] }), fill: `${colour(tone)}`, points: { show: false } }
            : { points: { size: 4 } }),
        }),
      ),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 4) return
          onRange(plot.posToVal(left, 'x') * 1_000, plot.posToVal(left + width, 'x') * 1_000)
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
  return new uPlot(options, [times.map((ms) => ms / 1_000), ...series.map(({ values }) => [...values])], target)
}

/** Room for half a bucket at both ends, where a bar would be cut. */
const padded = (times: readonly number[], least: number, most: number): [number, number] => {
  const half = times.length > 1 ? ((times[1] ?? 0) - (times[0] ?? 0)) / 2_000 : 43_200
  return [least - half, most + half]
}

/** Days, or times of day where less than two days are shown, in the zone of the switch. */
const timeLabels = (seconds: readonly number[]): string[] => {
  const span = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0)
  const format = new Intl.DateTimeFormat(undefined, {
    timeZone: isUtc.value ? 'UTC' : undefined,
    ...(span > 172_800 ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  })
  return seconds.map((each) => format.format(each * 1_000))
}
