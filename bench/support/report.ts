/** What a benchmark run leaves: a table for people, JSON for programs, and the table of docs/benchmarks.md. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { type Figure, type Goal, type Summary, summaryOf } from '../measure.ts'

/** One benchmark's figures, when they were measured and on what. */
export type Measured = Readonly<{
  benchmark: string
  measured_at: string
  machine: Machine
  figures: readonly Figure[]
}>

type Machine = Readonly<{ cpu: string; cores: number; memory_gib: number; node: string; sqlite: string }>

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memory_gib: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  sqlite: process.versions.sqlite ?? 'unknown',
})

/** Puts `measured` in the place of the same benchmarks in `file`, and answers all that it holds now. */
export const keep = (file: string, measured: readonly Measured[]): readonly Measured[] => {
  const fresh = new Map(measured.map((one) => [one.benchmark, one]))
  const kept = read(file).map((one) => {
    const again = fresh.get(one.benchmark)
    fresh.delete(one.benchmark)
    return again ?? one
  })
  const all = [...kept, ...fresh.values()]
  mkdirSync(dirname(file), { recursive: true })
  const summarised = all.map((one) => ({
    ...one,
    figures: one.figures.map((figure) => ({ ...figure, summary: summaryOf(figure) })),
  }))
  writeFileSync(file, `${JSON.stringify(summarised, null, 2)}\n`)
  return all
}

const read = (file: string): readonly Measured[] => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Measured[]
  } catch {
    return []
  }
}

export const table = (figures: readonly Figure[]): string => {
  const rows = [HEAD, ...figures.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export const markdown = (all: readonly Measured[]): string => {
  const rows = all.flatMap(({ figures }) => figures.map(cellsOf))
  const machines = new Set(all.map(({ machine, measured_at }) => `${describe(machine)}, ${measured_at.slice(0, 10)}`))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [[...machines].join('; '), '', line(HEAD), line(HEAD.map(() => '---')), ...rows.map(line)].join('\n')
}

const BEGIN = '<!-- results: written by `npm run bench -- --markdown FILE` -->'
const END = '<!-- end of results -->'

/** Puts `results` between the marks in `file`. */
export const writeBetweenMarks = (file: string, results: string): void => {
  const page = readFileSync(file, 'utf8')
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin === -1 || end < begin) throw new Error(`${file} lacks the lines ${BEGIN} and ${END}`)
  writeFileSync(file, `${page.slice(0, begin)}${BEGIN}\n${results}\n${page.slice(end)}`)
}

const describe = ({ cpu, cores, memory_gib, node, sqlite }: Machine): string =>
  `${cores} cores (${cpu}), ${memory_gib} GiB, Node ${node.slice(1)}, SQLite ${sqlite}`

const HEAD = ['figure', 'ours', 'compared with', 'ratio', 'goal', 'met']

const cellsOf = (figure: Figure): readonly string[] => {
  const summary = summaryOf(figure)
  const { unit, against, name, goal } = figure
  const spread = figure.ours.length > 1 ? ` (${shown(summary.least)}–${shown(summary.most)})` : ''
  return [
    name,
    `${shown(summary.median)} ${unit}${spread}`,
    against === null ? '' : `${shown(summary.againstMedian ?? Number.NaN)} ${unit}, ${against.what}`,
    ratioOf(figure, summary),
    goal === null ? '' : goalOf(goal, unit),
    summary.met === 'no' ? 'NO' : (summary.met ?? ''),
  ]
}

const ratioOf = ({ ours }: Figure, { ratio }: Summary): string => {
  if (ratio === null) return ''
  const spread = ours.length > 1 ? ` (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)})` : ''
  return `${ratio.median.toFixed(2)}${spread}`
}

const goalOf = ({ of, is, limit }: Goal, unit: string): string =>
  `${is === 'at least' ? '≥' : '≤'} ${limit}${of === 'value' ? ` ${unit}` : ' ×'}`

const shown = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3).replace(/\.0+$/, '')
