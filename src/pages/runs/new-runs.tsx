/** New runs announce themselves; what is being read does not move. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Run } from '../../client/client.ts'
import type { Address } from '../lib/address.ts'
import { ledger } from '../lib/ledger.ts'
import { useLive } from '../lib/live.ts'
import { listQuery, PAGE_SIZE } from './list-query.ts'

type NewRunsProps = Readonly<{
  address: Address
  shown: Readonly<{ data: readonly Run[] }> | null
  reload: () => void
}>

// An import brings a batch every fraction of a second.
const PERIOD_MS = 2_000

/** Looks, at most every 2 s, which runs the first page would show that this one does not. Not while an older page or the past is read. */
export const NewRuns = ({ address, shown, reload }: NewRunsProps) => {
  const [count, setCount] = useState(0)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const isFirst = !['cursor', 'as_of', 'known_at'].some((name) => address.params.has(name))
  useEffect(() => setCount(0), [shown])
  useEffect(() => () => clearTimeout(timer.current ?? undefined), [])
  const look = async () => {
    timer.current = null
    const page = await ledger.listRuns(listQuery(address.params))
    if (page._tag === 'Left' || shown === null) return
    const known = new Set(shown.data.map(({ run_id }) => run_id))
    setCount(page.right.data.filter(({ run_id }) => !known.has(run_id)).length)
  }
  useLive(() => {
    if (isFirst && shown !== null) timer.current ??= setTimeout(look, PERIOD_MS)
  })
  return (
    <div role="status" class="news">
      {count > 0 && (
        <button type="button" class="primary" onClick={reload}>
          {count >= PAGE_SIZE ? `${PAGE_SIZE} or more` : count} new {count === 1 ? 'run' : 'runs'}
        </button>
      )}
    </div>
  )
}
