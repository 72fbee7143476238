/** The agreement of two policy versions as a person reads it. */
import type { AgreementAnswer } from '../../api/agreement.ts'
import type { Json } from '../../run/json.ts'
import { painted } from './entry-text.ts'
import { formOf } from './item-forms.ts'
import { shown } from './output.ts'
import { count, counted } from './wording.ts'

/** The figures, and a table of the results of one version by those of the other. */
export const agreementLines = (agreement: AgreementAnswer): readonly string[] => {
  const { policy_version_id, with: other, groups, compared, ambiguous, agree, differ, share } = agreement
  return [
    painted('bold', `${policy_version_id} and ${other}: ${counted(groups, 'group')} decided by both`),
    `${count(compared)} compared: ${count(agree)} agree${share === null ? '' : ` (${(100 * share).toFixed(1)} %)`}, ${count(differ)} differ`,
    ...(ambiguous === 0 ? [] : [`${count(ambiguous)} with several runs of one version are not compared`]),
    ...differenceLine(agreement),
    '',
    ...resultLines(agreement),
  ]
}

const differenceLine = ({ with: other, duration_difference_ms: { mean, p50, p95 } }: AgreementAnswer) =>
  mean === null || p50 === null || p95 === null
    ? []
    : [`${other} took longer by ${Math.round(mean)} ms in the mean, ${Math.round(p50)} (p50), ${Math.round(p95)} (p95)`]

const resultLines = ({ policy_version_id, with: other, results }: AgreementAnswer): readonly string[] => {
  if (results.length === 0) return []
  const columns = [...new Set(results.map(({ with_result }) => nameOf(with_result)))].sort()
  const rows = [...new Set(results.map(({ result }) => nameOf(result)))].sort().map(
    (row): Json => ({
      [CORNER]: row,
      ...Object.fromEntries(
        columns.map((column) => [
          `with ${column}`,
          results
            .filter(({ result, with_result }) => nameOf(result) === row && nameOf(with_result) === column)
            .reduce((sum, { count: runs }) => sum + runs, 0),
        ]),
      ),
    }),
  )
  const { rows: textOf } = formOf('table', [CORNER, ...columns.map((column) => `with ${column}`)])
  return [painted('dim', `rows: ${policy_version_id}, columns: ${other}`), ...textOf(rows, true).split('\n')]
}

const CORNER = 'result'

const nameOf = (result: string | null): string => (result === null ? '-' : shown(result))
