/** The alert rules and the dashboard of docs: every expression is PromQL, and names only metrics and labels that there are. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parser } from '@prometheus-io/lezer-promql'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { serverForTest } from '../support/network/http-server.ts'
import { samplesOf } from '../support/openmetrics.ts'

const doc = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8')

type Rule = Readonly<{
  alert: string
  expr: string
  for?: string
  labels: object
  annotations: Readonly<{ summary: string }>
}>
type Rules = Readonly<{ groups: readonly Readonly<{ name: string; rules: readonly Rule[] }>[] }>

/** The block of the page that holds the rules. */
const rules = (): readonly Rule[] => {
  const block = /```yaml\n(groups:\n[\s\S]*?)```/.exec(doc('operations.md'))?.[1] ?? ''
  return (parse(block) as Rules).groups.flatMap((group) => group.rules)
}

type Dashboard = Readonly<{
  panels: readonly Readonly<{ title: string; targets: readonly Readonly<{ expr: string }>[] }>[]
}>

const panels = (): Dashboard['panels'] => (JSON.parse(doc('grafana-dashboard.json')) as Dashboard).panels

const expressions = (): readonly string[] => [
  ...rules().map(({ expr }) => expr),
  // As Grafana fills them in.
  ...panels().flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*')),
  ),
]

/** The parts of `expression` of one kind; fails where it is not PromQL. */
const partsOf = (expression: string, kind: string): readonly string[] => {
  const parts: string[] = []
  parser.parse(expression).iterate({
    enter: ({ name, type, from, to }) => {
      if (type.isError) throw new Error(`${expression}: not PromQL at ${from}`)
      if (name === kind) parts.push(expression.slice(from, to))
    },
  })
  return parts
}

/** Of the samples of a server that has answered, by name: their labels. */
const exposed = async (): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const server = await serverForTest({ metrics: createMetrics() })
  await server.create()
  const { body } = await server.get('/metrics')
  const names = [...body.matchAll(/^([a-z_]\w*)(?:\{|\s)/gm)].map(([, name = '']) => name)
  return new Map(
    [...new Set(names)].map((name) => [
      name,
      new Set(samplesOf(body, name).flatMap(({ labels }) => Object.keys(labels))),
    ]),
  )
}

/** Added by Prometheus itself. */
const OF_SCRAPES = new Set(['up'])
const TARGET_LABELS = new Set(['instance', 'job'])

test('every alert and every panel is PromQL over metrics and labels that there are', async () => {
  const known = await exposed()
  expect(expressions().length).toBeGreaterThan(20)
  for (const expression of expressions()) {
    const metrics = partsOf(expression, 'VectorSelector').map((selector) => selector.replace(/\{.*$/s, ''))
    expect(metrics.length, expression).toBeGreaterThan(0)
    const unknown = metrics.filter((name) => !known.has(name) && !OF_SCRAPES.has(name))
    expect(unknown, expression).toEqual([])
    const labels = new Set([...metrics.flatMap((name) => [...(known.get(name) ?? [])]), ...TARGET_LABELS])
    const used = partsOf(expression, 'LabelName')
    expect(
      used.filter((label) => !labels.has(label)),
      expression,
    ).toEqual([])
  }
})

test('an expression that is not PromQL fails', () => {
  expect(() => partsOf('sum by (', 'VectorSelector')).toThrow('not PromQL')
})

test('every alert has a name of its own, a severity and a summary', () => {
  const all = rules()
  expect(new Set(all.map(({ alert }) => alert)).size).toBe(all.length)
  for (const { labels, annotations } of all) {
    expect(labels).toMatchObject({ severity: expect.stringMatching(/^(page|ticket)$/) })
    expect(annotations.summary.length).toBeGreaterThan(10)
  }
})

test('every metric of the ledger is on the dashboard', async () => {
  const shown = panels()
    .flatMap(({ targets }) => targets.map(({ expr }) => expr))
    .join('\n')
  const own = [...(await exposed()).keys()].filter((name) => /^run_ledger_(?!checkpoint)/.test(name))
  const families = new Set(own.map((name) => name.replace(/_(bucket|sum|count)$/, '')))
  expect([...families].filter((name) => !shown.includes(name))).toEqual([])
})
