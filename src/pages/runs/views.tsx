/** Saved views of the list and its columns. The browser keeps the views; what one shows is an address like any other. */
import { useState } from 'preact/hooks'
import { type Address, pageHref } from '../lib/address.ts'
import { stored } from '../lib/stored.ts'
import { FIXED_NAMES } from './columns.tsx'
import { withoutPlace } from './list-query.ts'

const saved = stored('views', '[]')

type View = Readonly<{ name: string; query: string }>

const viewsIn = (text: string): readonly View[] => {
  try {
    return JSON.parse(text) as readonly View[]
  } catch {
    return []
  }
}

export const Views = ({ address }: Readonly<{ address: Address }>) => {
  const [name, setName] = useState('')
  const views = viewsIn(saved.value)
  const save = (event: SubmitEvent) => {
    event.preventDefault()
    const view = { name, query: `${withoutPlace(address.params)}` }
    saved.value = JSON.stringify([...views.filter((each) => each.name !== name), view])
    setName('')
  }
  return (
    <details class="menu">
      <summary>Views and columns</summary>
      <div>
        <h2>Saved views</h2>
        {views.length === 0 && <p class="none">None yet.</p>}
        <ul>
          {views.map((view) => (
            <li key={view.name}>
              <a href={`${pageHref('runs')}?${view.query}`}>{view.name}</a>
              <button
                type="button"
                aria-label={`Delete the view ${view.name}`}
                onClick={() => {
                  saved.value = JSON.stringify(views.filter((each) => each !== view))
                }}
              >
                Delete
              </button>
            </li>
          ))}
        </ul>
        <form onSubmit={save}>
          <input
            aria-label="Name of the view"
            placeholder="Name of this view"
            required
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
          <button type="submit">Save</button>
        </form>
        <Columns key={address.params.get('columns')} address={address} />
      </div>
    </details>
  )
}

const DEFAULT = 'status,result,policy_version_id,created_at,last_updated_at,duration'

const Columns = ({ address }: Readonly<{ address: Address }>) => {
  const [names, setNames] = useState(address.params.get('columns') ?? DEFAULT)
  const apply = (event: SubmitEvent) => {
    event.preventDefault()
    address.go(address.hrefWith({ columns: names === DEFAULT ? null : names.replaceAll(' ', '') }))
  }
  return (
    <form onSubmit={apply}>
      <h2>Columns</h2>
      <textarea
        aria-label="Columns, separated by commas"
        rows={3}
        value={names}
        onInput={({ currentTarget }) => setNames(currentTarget.value)}
      />
      <p class="hint">
        {FIXED_NAMES.join(', ')}; <code>input.KEY</code> and <code>metadata.KEY</code> for any key.
      </p>
      <button type="submit">Show these</button>
    </form>
  )
}
