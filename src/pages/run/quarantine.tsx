/** Where a run stops being readable, and why. */
import type { Entry } from '../../client/client.ts'
import { counted } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { Icon } from '../parts/icon.tsx'

type QuarantineProps = Readonly<{ run_id: string; entries: readonly Entry[]; folded: number; whole: boolean }>

export const Quarantine = ({ run_id, entries, folded, whole }: QuarantineProps) => {
  const stopped = whole && folded < entries.length
  const projections = useLoad(stopped ? `${run_id} ${folded}` : null, (signal) => ledger.listProjections({ signal }))
  if (!stopped) return null
  const reason = projections.value?.data
    .flatMap(({ quarantined }) => quarantined)
    .find((each) => each.run_id === run_id)
  const waiting = entries.length - folded - 1
  return (
    <section class="notice bad" role="alert">
      <h2>
        <Icon name="warning" /> This run cannot be read from event {folded} on
      </h2>
      <p>
        {reason === undefined ? `${entries[folded]?.type}.` : `${reason.type}: ${reason.detail}.`}{' '}
        {folded > 0 ? 'The state shown is the last good one.' : 'There is no state to show.'}
        {waiting > 0 && ` ${counted(waiting, 'later event waits', 'later events wait')} in order.`}
      </p>
      <p>
        An operator can try again with <code>run-ledger projections retry {run_id}</code>, once the cause is mended.
      </p>
    </section>
  )
}
