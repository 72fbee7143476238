/** Filters: each one that is set is a chip that can be removed, and one form adds another. */
import { useId, useState } from 'preact/hooks'
import type { Address } from '../lib/address.ts'
import { Icon } from './icon.tsx'

/** `values`: what is offered; anything else can be typed. `time`: a moment, in UTC. */
export type Filter = Readonly<{
  name: string
  label: string
  many: boolean
  values?: readonly string[]
  time?: boolean
}>

type ChipsProps = Readonly<{ address: Address; filters: readonly Filter[] }>

/** Every change of a filter leads to the first page. */
export const Chips = ({ address, filters }: ChipsProps) => {
  const set = [...address.params].filter(([name]) => filterOf(filters, name) !== undefined)
  return (
    <div class="filters">
      <ul class="chips" aria-label="Filters">
        {set.map(([name, value], at) => (
          <li key={`${name}=${value}`} class="chip">
            <span>
              <span class="label">{labelOf(filters, name)}</span> {value}
            </span>
            <a
              href={without(address, name, value)}
              aria-label={`Remove ${labelOf(filters, name)} ${value}`}
              id={`chip-${at}`}
            >
              <Icon name="close" />
            </a>
          </li>
        ))}
      </ul>
      <AddFilter address={address} filters={filters} />
    </div>
  )
}

const METADATA = /^metadata\[(.+)\]$/

const filterOf = (filters: readonly Filter[], name: string): Filter | undefined =>
  filters.find((filter) => filter.name === name || (filter.name === 'metadata' && METADATA.test(name)))

const labelOf = (filters: readonly Filter[], name: string): string =>
  METADATA.exec(name)?.[1] ?? filterOf(filters, name)?.label ?? name

const without = (address: Address, name: string, value: string): string =>
  address.hrefWith({ [name]: address.params.getAll(name).filter((each) => each !== value), cursor: null })

const AddFilter = ({ address, filters }: ChipsProps) => {
  const [name, setName] = useState(filters[0]?.name ?? '')
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const id = useId()
  const filter = filters.find((each) => each.name === name)
  const add = (event: SubmitEvent) => {
    event.preventDefault()
    const parameter = name === 'metadata' ? `metadata[${key}]` : name
    const text = filter?.time === true ? timeIn(value) : value
    const before = filter?.many === true ? address.params.getAll(parameter).filter((each) => each !== text) : []
    address.go(address.hrefWith({ [parameter]: [...before, text], cursor: null }))
    setValue('')
  }
  return (
    <form class="add-filter" onSubmit={add}>
      <label class="hidden" for={`${id}-name`}>
        Filter by
      </label>
      <select id={`${id}-name`} data-filter value={name} onInput={({ currentTarget }) => setName(currentTarget.value)}>
        {filters.map((each) => (
          <option key={each.name} value={each.name}>
            {each.label}
          </option>
        ))}
      </select>
      {name === 'metadata' && (
        <input
          aria-label="Metadata key"
          placeholder="key"
          required
          value={key}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
      )}
      <input
        aria-label={`${filter?.label ?? 'Value'}${filter?.time === true ? ', a time in UTC' : ''}`}
        placeholder={filter?.time === true ? '2026-11-03T09:00Z' : 'value'}
        required
        list={`${id}-values`}
        value={value}
        onInput={({ currentTarget }) => setValue(currentTarget.value)}
      />
      <datalist id={`${id}-values`}>
        {filter?.values?.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <button type="submit">Add filter</button>
    </form>
  )
}

/** A day stands for its first moment, a time without a zone is UTC; what else is typed, the server judges. */
export const timeIn = (text: string): string => {
  const typed = text.trim().replace(' ', 'T')
  if (/^\d{4}-\d\d-\d\d$/.test(typed)) return `${typed}T00:00:00Z`
  const [, minute, seconds = ':00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/i.exec(typed) ?? []
  return minute === undefined ? typed : `${minute}${seconds}${zone}`
}
