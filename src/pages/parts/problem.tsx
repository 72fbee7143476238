/** What went wrong, and what to do about it. */
import type { ComponentChildren } from 'preact'
import type { ClientProblem } from '../../client/client.ts'
import { apiHref } from '../lib/address.ts'
import { Icon } from './icon.tsx'

type ProblemProps = Readonly<{ problem: ClientProblem; retry?: () => void }>

/** A refusal with its title, detail and faults, or why there is no answer. */
export const ProblemNotice = ({ problem, retry }: ProblemProps) => {
  const { title, detail, faults, more } = wordsOf(problem)
  return (
    <section class="notice bad" role="alert">
      <h2>
        <Icon name="warning" /> {title}
      </h2>
      <p>{detail}</p>
      {faults.length > 0 && (
        <ul>
          {faults.map(([where, what]) => (
            <li key={where}>
              <code>{where}</code> {what}
            </li>
          ))}
        </ul>
      )}
      <p class="actions">
        {retry !== undefined && (
          <button type="button" onClick={retry}>
            Try again
          </button>
        )}
        {more !== null && <a href={more}>What this means</a>}
      </p>
    </section>
  )
}

type Words = Readonly<{
  title: string
  detail: string
  faults: readonly (readonly [where: string, what: string])[]
  more: string | null
}>

const wordsOf = (problem: ClientProblem): Words => {
  switch (problem._tag) {
    case 'network-failure':
      return {
        ...NO_FAULTS,
        title: 'The server cannot be reached',
        detail: `No answer arrived (${problem.detail}). Check the connection, then try again.`,
      }
    case 'unexpected-answer':
      return {
        ...NO_FAULTS,
        title: 'The answer cannot be read',
        detail: `Status ${problem.status}. What answered is not a run-ledger, or a proxy stands between.`,
      }
    case 'aborted':
      return { ...NO_FAULTS, title: 'Stopped', detail: 'The request was ended before its answer came.' }
    default:
      return {
        title: problem.title,
        detail: sentence(problem.detail),
        faults: [
          ...(problem.request_id === undefined ? [] : [['request_id', problem.request_id] as const]),
          ...(problem.errors ?? []).map((fault) => {
            const { detail, ...where } = fault
            // Of a search, with the column.
            return [Object.values(where).join(', column '), detail] as const
          }),
        ],
        more: apiHref(`problems/${problem._tag}`),
      }
  }
}

const NO_FAULTS = { faults: [], more: null } as const

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

/** There is nothing to show, and that is no fault. */
export const Empty = ({ title, children }: Readonly<{ title: string; children?: ComponentChildren }>) => (
  <section class="notice empty">
    <h2>{title}</h2>
    {children}
  </section>
)

/** Shown while the first answer is on its way; appears only where that takes a while. */
export const Loading = ({ what }: Readonly<{ what: string }>) => (
  <p class="loading" role="status">
    Loading {what} …
  </p>
)
