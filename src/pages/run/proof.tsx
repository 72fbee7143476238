/** What proves an event to somebody who does not trust this server: its checkpoint, the proof, the pack. */
import { apiHref, pageHref } from '../lib/address.ts'
import { numberText } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLoad } from '../lib/load.ts'
import { Moment } from '../parts/moment.tsx'

/** Of the event that is shown. Nothing where the server signs no checkpoints, or where this reader may have no proofs. */
export const Proof = ({ run_id, revision }: Readonly<{ run_id: string; revision: number }>) => {
  const readiness = useLoad('readiness', (signal) => ledger.getReadiness({ signal }))
  const trust = readiness.value?.trust
  const asked = trust === undefined || revision < 0 ? null : `${run_id} ${revision}`
  const proof = useLoad(asked, (signal) => ledger.getProof(run_id, revision, { signal }))
  if (asked === null) return null
  const path = `runs/${encodeURIComponent(run_id)}`
  return (
    <section class="proof" aria-label="Proof">
      {trust === 'refused' && (
        <p role="alert">The log is not the one that was signed before: no checkpoint is signed any more.</p>
      )}
      {proof.value !== null && (
        <p>
          Revision {numberText(revision)} is in checkpoint{' '}
          <span class="number">{numberText(proof.value.checkpoint_size)}</span>, signed{' '}
          <Moment time={proof.value.signed_at} zoned />.{' '}
          <a
            href={apiHref(`${path}/events/${revision}/proof`)}
            download={`${run_id}-${revision}.tlog-proof`}
            title="The proof that this event is in the signed log"
          >
            Download its proof
          </a>{' '}
          <a href={apiHref(`${path}/evidence`)} download title="All events of this run with their proofs, a zip">
            Evidence pack
          </a>{' '}
          <a href={pageHref('verify.html')} target="_blank" rel="noreferrer">
            Check a pack
          </a>
        </p>
      )}
      {proof.problem?._tag === 'not-signed-yet' && (
        <p>
          Revision {numberText(revision)} is in no signed checkpoint yet.{' '}
          <button type="button" onClick={proof.reload}>
            Look again
          </button>
        </p>
      )}
    </section>
  )
}
