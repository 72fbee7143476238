/** The table of runs: chosen columns, a sort in the head, one run a row. */
import type { Run } from '../../client/client.ts'
import { type Address, runHref } from '../lib/address.ts'
import { Icon } from '../parts/icon.tsx'
import type { Column } from './columns.tsx'

type ListedRuns = Readonly<{
  data: readonly Run[]
  quarantined?: readonly Readonly<{ run_id: string; revision: number }>[] | undefined
}>

type RunTableProps = Readonly<{
  address: Address
  list: ListedRuns
  columns: readonly Column[]
  at: number
  busy: boolean
}>

export const RunTable = ({ address, list, columns, at, busy }: RunTableProps) => {
  const origin = `${address.params}`
  const moment = { as_of: address.params.get('as_of'), known_at: address.params.get('known_at') }
  const set = new Map(list.quarantined?.map(({ run_id, revision }) => [run_id, revision]))
  return (
    <div class="scroll">
      <table aria-busy={busy}>
        <thead>
          <tr>
            <th scope="col">Run</th>
            {columns.map((column) => (
              <Head key={column.name} column={column} address={address} />
            ))}
          </tr>
        </thead>
        <tbody>
          {list.data.map((run, row) => (
            <tr key={run.run_id} class={row === at ? 'at' : undefined}>
              <th scope="row">
                <a id={`row-${row}`} href={runHref(run.run_id, { list: origin, ...moment })}>
                  {run.run_id}
                </a>
                {set.has(run.run_id) && (
                  <span class="status bad">
                    <Icon name="warning" />
                    unreadable from {set.get(run.run_id)}
                  </span>
                )}
              </th>
              {columns.map(({ name, cell }) => (
                <td key={name} class={name === 'duration' ? 'right' : undefined}>
                  {cell(run)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Sorted by the newest first unless the address says otherwise; a second click turns the order. */
const Head = ({ column, address }: Readonly<{ column: Column; address: Address }>) => {
  const { sort: by, title, name } = column
  if (by === undefined)
    return (
      <th scope="col" class={name === 'duration' ? 'right' : undefined}>
        {title()}
      </th>
    )
  const sort = address.params.get('sort') ?? '-created_at'
  const order = sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : undefined
  return (
    <th scope="col" aria-sort={order}>
      <a href={address.hrefWith({ sort: order === 'descending' ? by : `-${by}`, cursor: null })}>
        {title()}
        {order !== undefined && <Icon name={order === 'ascending' ? 'up' : 'down'} />}
      </a>
    </th>
  )
}
