/** The field for a search, with help, completion of names, and where a fault is. */
import { useId, useRef, useState } from 'preact/hooks'
import type { ClientProblem, Run } from '../../client/client.ts'
import type { Address } from '../lib/address.ts'
import { type Completions, completionsAt, namesIn } from './completion.ts'

type SearchProps = Readonly<{
  address: Address
  /** Those on show: what is inside their JSON is offered. */
  runs: readonly Run[]
  problem: ClientProblem | null
}>

const NONE: Completions = { from: 0, names: [] }

export const Search = ({ address, runs, problem }: SearchProps) => {
  const asked = address.params.get('q') ?? ''
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [offered, setOffered] = useState(NONE)
  const [at, setAt] = useState(-1)
  const fault = faultIn(problem)

  const offer = () => {
    const { value, selectionStart } = input.current ?? { value: '', selectionStart: 0 }
    setOffered(completionsAt(value, selectionStart ?? value.length, namesIn(runs)))
    setAt(-1)
  }
  const take = (name: string | undefined) => {
    const field = input.current
    if (field === null || name === undefined) return
    const caret = field.selectionStart ?? field.value.length
    field.setRangeText(name, offered.from, caret, 'end')
    field.focus()
    setOffered(NONE)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const { length } = offered.names
    if (length === 0) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setAt((at + (event.key === 'ArrowDown' ? 1 : length) + (at < 0 && event.key === 'ArrowUp' ? 1 : 0)) % length)
    } else if (event.key === 'Enter' && at >= 0) {
      event.preventDefault()
      take(offered.names[at])
    } else if (event.key === 'Escape') setOffered(NONE)
  }
  const search = (event: SubmitEvent) => {
    event.preventDefault()
    setOffered(NONE)
    address.go(address.hrefWith({ q: input.current?.value.trim() || null, cursor: null }))
  }
  return (
    <search>
      <form class="search" onSubmit={search}>
        <label for={id}>Search</label>
        <div class="menu">
          <input
            key={asked}
            ref={input}
            id={id}
            type="text"
            role="combobox"
            autocomplete="off"
            spellcheck={false}
            placeholder='metadata.score >= 640 and result = "DECLINED"'
            defaultValue={asked}
            aria-expanded={offered.names.length > 0}
            aria-controls={`${id}-names`}
            aria-autocomplete="list"
            aria-activedescendant={at < 0 ? undefined : `${id}-${at}`}
            aria-invalid={fault !== null}
            aria-describedby={fault === null ? undefined : `${id}-fault`}
            data-search
            onInput={offer}
            onKeyDown={onKeyDown}
            onBlur={() => setOffered(NONE)}
          />
          <div class="names" id={`${id}-names`} role="listbox" aria-label="Names" hidden={offered.names.length === 0}>
            {offered.names.map((name, place) => (
              <div
                key={name}
                id={`${id}-${place}`}
                role="option"
                tabIndex={-1}
                aria-selected={place === at}
                // Before the field loses the focus.
                onMouseDown={(event) => {
                  event.preventDefault()
                  take(name)
                }}
              >
                {name}
              </div>
            ))}
          </div>
        </div>
        <button type="submit">Search</button>
        {asked !== '' && <a href={address.hrefWith({ q: null, cursor: null })}>Clear</a>}
        {fault !== null && (
          <p id={`${id}-fault`} class="fault">
            <code>
              {before(asked, fault.column)}
              <mark>{characterAt(asked, fault.column)}</mark>
            </code>{' '}
            {fault.detail}
          </p>
        )}
        <Help />
      </form>
    </search>
  )
}

type Fault = Readonly<{ column: number; detail: string }>

const faultIn = (problem: ClientProblem | null): Fault | null => {
  if (problem === null || !('errors' in problem)) return null
  for (const fault of problem.errors ?? [])
    if ('parameter' in fault && fault.parameter === 'q' && fault.column !== undefined)
      return { column: fault.column, detail: fault.detail }
  return null
}

// Columns count code points.
const before = (text: string, column: number): string => [...text].slice(Math.max(0, column - 25), column - 1).join('')
const characterAt = (text: string, column: number): string => [...text][column - 1] ?? ' '

const EXAMPLES = [
  ['status = "IN_REVIEW" and metadata.score >= 640', 'both must be true; also or, not and parentheses'],
  ['input.applicant.employment startswith "self"', 'what is inside the JSON; also contains, of a text or an array'],
  ['result in ("DECLINED", "CANCELLED")', 'any of them'],
  ['metadata.offer exists and not metadata["risk flag"] = true', 'not also matches what is missing'],
  ['created_at >= 2026-11-01 and duration > 2d', 'times without quotes; durations in ms, s, m, h or d'],
] as const

const Help = () => (
  <details>
    <summary>How to search</summary>
    <dl>
      {EXAMPLES.map(([example, words]) => (
        <div key={example}>
          <dt>
            <code>{example}</code>
          </dt>
          <dd>{words}</dd>
        </div>
      ))}
    </dl>
    <p>A comparison with something missing or of another type is false.</p>
  </details>
)
