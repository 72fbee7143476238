/** A comparison of two runs as a person reads it. In colour on a terminal only. */
import type { CompareAnswer } from '../../api/compare.ts'
import { isJsonObject, type Json } from '../../run/json.ts'
import { changeLine, type Painted, painted } from './entry-text.ts'
import { shown } from './output.ts'

/** `names` are what was compared, as it was given. */
export const comparisonLines = (
  { a, b, patch, path }: CompareAnswer,
  names: Readonly<{ a: string; b: string }>,
): readonly string[] => [
  painted('red', `a  ${shown(names.a)}: ${a.run.run_id} at revision ${a.revision}`),
  painted('green', `b  ${shown(names.b)}: ${b.run.run_id} at revision ${b.revision}`),
  '',
  ...(patch.length === 0 ? ['no field differs'] : patchLines(a.run as Json, patch)),
  '',
  ...pathLines(path),
]

/** Each operation with the value that it replaces or removes. */
const patchLines = (from: Json, patch: CompareAnswer['patch']): readonly string[] => {
  const width = Math.max(...patch.map(({ path }) => path.length))
  return patch.map(({ op, path, value }) =>
    changeLine(
      {
        path,
        ...(op === 'add' ? undefined : { from: valueAtPointer(from, path) ?? null }),
        ...(op === 'remove' ? undefined : { to: value as Json }),
      },
      width,
    ),
  )
}

/** The value at a JSON Pointer (RFC 6901). */
const valueAtPointer = (root: Json, pointer: string): Json | undefined =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<Json | undefined>(
      (value, key) =>
        Array.isArray(value)
          ? value[Number(key)]
          : isJsonObject(value) && Object.hasOwn(value, key)
            ? value[key]
            : undefined,
      root,
    )

const pathLines = (path: CompareAnswer['path']): readonly string[] => {
  const rows = path.map(({ a, b }) => ({ name: nameOf(a ?? b), a: stepText(a), b: stepText(b), style: styleOf(a, b) }))
  const widths = {
    name: Math.max(STEP.length, ...rows.map(({ name }) => name.length)),
    a: Math.max(1, ...rows.map(({ a }) => a.length)),
  }
  const line = (name: string, a: string, b: string) =>
    `${name.padEnd(widths.name)}  ${a.padEnd(widths.a)}  ${b}`.trimEnd()
  return [
    painted('dim', line(STEP, 'a', 'b')),
    ...rows.map(({ name, a, b, style }) => {
      const text = line(name, a, b)
      return style === null ? text : painted(style, text)
    }),
  ]
}

const STEP = 'event, status'

type Step = CompareAnswer['path'][number]['a']

const nameOf = (step: Step): string => (step === null ? '' : shown(`${step.type} ${step.status}`))

/** In colour where only one of them has it. */
const styleOf = (a: Step, b: Step): Painted | null => (b === null ? 'red' : a === null ? 'green' : null)

/** The revision, who, and how long after the event before. */
const stepText = (step: Step): string =>
  step === null
    ? '-'
    : [
        `${step.revision}`,
        shown(step.actor),
        step.elapsed_ms === null ? step.occurred_at : `after ${elapsed(step.elapsed_ms)}`,
      ].join(' ')

const elapsed = (ms: number): string => {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`
  return ms < 86_400_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${(ms / 86_400_000).toFixed(1)} d`
}
