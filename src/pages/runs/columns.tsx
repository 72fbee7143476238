/** The columns of the list of runs: which there are, and what each shows. */
import type { ComponentChildren } from 'preact'
import type { Run } from '../../client/client.ts'
import { groupHref, policyHref } from '../lib/address.ts'
import { msBetween } from '../lib/format.ts'
import { zoneName } from '../lib/zone.ts'
import { Duration, Moment } from '../parts/moment.tsx'
import { Status } from '../parts/status.tsx'
import { Value } from '../parts/value.tsx'

export type Column = Readonly<{
  name: string
  title: () => string
  cell: (run: Run) => ComponentChildren
  /** As text, for a file. */
  text: (run: Run) => string
  sort?: 'created_at' | 'last_updated_at'
}>

const timed = (name: 'created_at' | 'started_at' | 'last_updated_at', word: string): Column => ({
  name,
  title: () => `${word} (${zoneName.value})`,
  cell: (run) => <Moment time={run[name]} />,
  text: (run) => run[name] ?? '',
  ...(name === 'started_at' ? undefined : { sort: name }),
})

const FIXED: readonly Column[] = [
  {
    name: 'status',
    title: () => 'Status',
    cell: ({ status }) => <Status status={status} />,
    text: ({ status }) => status,
  },
  {
    name: 'result',
    title: () => 'Result',
    cell: ({ result }) => result ?? <span class="none">—</span>,
    text: ({ result }) => result ?? '',
  },
  {
    name: 'policy_version_id',
    title: () => 'Policy version',
    cell: ({ policy_version_id: id }) => <a href={policyHref(id)}>{id}</a>,
    text: ({ policy_version_id }) => policy_version_id,
  },
  {
    name: 'run_group_id',
    title: () => 'Group',
    cell: ({ run_group_id: id }) => (id === null ? <span class="none">—</span> : <a href={groupHref(id)}>{id}</a>),
    text: ({ run_group_id }) => run_group_id ?? '',
  },
  timed('created_at', 'Created'),
  timed('started_at', 'Started'),
  timed('last_updated_at', 'Last updated'),
  {
    name: 'duration',
    title: () => 'Duration',
    cell: (run) => <Duration ms={durationOf(run)} />,
    text: (run) => String(durationOf(run) ?? ''),
  },
]

const ENDED: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'CANCELLED'])

/** From creation to completion, in ms; null while it is open. */
const durationOf = (run: Run): number | null =>
  ENDED.has(run.status) ? msBetween(run.created_at, run.last_updated_at) : null

export const FIXED_NAMES = FIXED.map(({ name }) => name)
const DEFAULT = ['status', 'result', 'policy_version_id', 'created_at', 'last_updated_at', 'duration']

/** The columns that `columns=` names, in its order: fixed ones, and any key as `metadata.<key>` or `input.<key>`. */
export const columnsOf = (names: string | null): readonly Column[] =>
  (names === null ? DEFAULT : names.split(',')).flatMap((name) => {
    const fixed = FIXED.find((column) => column.name === name)
    if (fixed !== undefined) return [fixed]
    const [, field, key = ''] = /^(metadata|input)\.(.+)$/.exec(name) ?? []
    return field === undefined ? [] : [keyColumn(name, field === 'metadata' ? 'run_metadata' : 'input_data', key)]
  })

const keyColumn = (name: string, field: 'run_metadata' | 'input_data', key: string): Column => {
  const of = (run: Run) => (Object.hasOwn(run[field], key) ? run[field][key] : undefined)
  return {
    name,
    title: () => key,
    cell: (run) => (of(run) === undefined ? <span class="none">—</span> : <Value value={of(run)} name={key} />),
    text: (run) => {
      const value = of(run)
      return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
    },
  }
}
