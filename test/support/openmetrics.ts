/** Reads the text of `/metrics`: its families with a parser of another author, its samples line by line. */
import parsePrometheus from 'parse-prometheus-text-format'

export type Family = Readonly<{ name: string; help: string; type: string; metrics: readonly unknown[] }>

/** By name. OpenMetrics names the family of a counter without the `_total` of its samples, which the parser does not know. */
export const familiesOf = (text: string): ReadonlyMap<string, Family> => {
  const plain = text.replaceAll(/^# (HELP|TYPE) (\S+)(.*)$/gm, (line, keyword, name, rest) =>
    new RegExp(`^# TYPE ${name} counter$`, 'm').test(text) ? `# ${keyword} ${name}_total${rest}` : line,
  )
  return new Map((parsePrometheus(plain) as Family[]).map((family) => [family.name, family]))
}

export type Sample = Readonly<{ labels: Readonly<Record<string, string>>; value: number }>

/** The samples of one name. Labels must not hold `}` or escapes: those of the ledger do not. */
export const samplesOf = (text: string, name: string): readonly Sample[] =>
  [...text.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)$`, 'gm'))].map(([, labels = '', value]) => ({
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])),
    value: Number(value),
  }))

/** The value of the one sample that has no labels; undefined where it is absent. */
export const sampleOf = (text: string, name: string): number | undefined => samplesOf(text, name)[0]?.value

/** The values of a name by projection. */
export const byProjection = (text: string, name: string): Readonly<Record<string, number>> =>
  Object.fromEntries(samplesOf(text, name).map(({ labels, value }) => [labels['projection'], value]))
