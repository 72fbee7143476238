/** One run: what it is, what happened to it, and how it stood after any of its events. */
import type { Entry } from '../../client/client.ts'
import { Page } from '../frame.tsx'
import { type Address, useAddress } from '../lib/address.ts'
import { useKeys } from '../lib/keys.ts'
import { ledger } from '../lib/ledger.ts'
import { useLive } from '../lib/live.ts'
import { useLoad } from '../lib/load.ts'
import { Loading, ProblemNotice } from '../parts/problem.tsx'
import { RunHeader } from './header.tsx'
import { Neighbours } from './neighbours.tsx'
import { Proof } from './proof.tsx'
import { Quarantine } from './quarantine.tsx'
import { RunState } from './state.tsx'
import { Stepper } from './stepper.tsx'
import { Timeline } from './timeline.tsx'
import { type Trail, useTrail } from './trail.ts'

export const RunPage = ({ params }: Readonly<{ params?: Readonly<{ id?: string }> }>) => {
  const run_id = params?.id ?? ''
  return <OneRun key={run_id} run_id={run_id} />
}

const OneRun = ({ run_id }: Readonly<{ run_id: string }>) => {
  const address = useAddress()
  const current = useLoad(run_id, (signal) => ledger.getRun(run_id, {}, { signal }))
  const trail = useTrail(run_id)
  useLive(({ run_ids }) => run_ids.includes(run_id) && current.reload())
  const last = trail.fold.folded() - 1
  const revision = revisionIn(address, trail, last)
  const moveTo = (next: number) => {
    const to = Math.max(0, Math.min(last, next))
    address.go(address.hrefWith({ rev: to === last ? null : to, as_of: null, known_at: null }), true)
  }
  useKeys([
    { keys: 'ArrowLeft, h', what: 'The event before', run: () => moveTo(revision - 1) },
    { keys: 'ArrowRight, l', what: 'The next event', run: () => moveTo(revision + 1) },
    { keys: 'Home', what: 'The first event', run: () => moveTo(0) },
    { keys: 'End', what: 'The latest event', run: () => moveTo(last) },
  ])
  const run = trail.fold.at(revision)
  const seen = new Set(['run-not-found', 'run-deleted'])
  if (current.problem !== null && seen.has(current.problem._tag))
    return (
      <Page title={run_id} aside={<Neighbours run_id={run_id} address={address} />}>
        <ProblemNotice problem={current.problem} />
      </Page>
    )
  return (
    <Page
      title={`Run ${run_id}`}
      heading={<span class="id">{run_id}</span>}
      aside={<Neighbours run_id={run_id} address={address} />}
    >
      {current.problem !== null && <ProblemNotice problem={current.problem} retry={current.reload} />}
      {trail.problem !== null && <ProblemNotice problem={trail.problem} />}
      {current.value !== null && (
        <RunHeader run={current.value.run} revision={current.value.revision} shown={revision} />
      )}
      <Proof run_id={run_id} revision={revision} />
      <Quarantine run_id={run_id} entries={trail.entries} folded={last + 1} whole={trail.whole} />
      {run === null && !trail.whole && trail.problem === null && <Loading what="its events" />}
      {run !== null && (
        <div class="run">
          <div class="run-state">
            <Stepper address={address} trail={trail} last={last} revision={revision} moveTo={moveTo} />
            <RunState address={address} trail={trail} run={run} revision={revision} />
          </div>
          <Timeline address={address} trail={trail} revision={revision} />
        </div>
      )}
      {run === null && trail.whole && <Timeline address={address} trail={trail} revision={-1} />}
    </Page>
  )
}

/** Which event the address means: `rev`, else the last one by `as_of` and `known_at`, else the latest. */
const revisionIn = ({ params }: Address, { entries }: Trail, last: number): number => {
  const rev = params.get('rev')
  if (rev !== null && /^\d{1,6}$/.test(rev)) return Math.min(Number(rev), last)
  const [as_of, known_at] = [params.get('as_of'), params.get('known_at')]
  if (as_of === null && known_at === null) return last
  const isLater = (entry: Entry) =>
    (as_of !== null && Date.parse(entry.occurred_at ?? '') > Date.parse(as_of)) ||
    (known_at !== null && Date.parse(entry.recorded_at) > Date.parse(known_at))
  const first = entries.findIndex(isLater)
  return first === -1 ? last : Math.min(first - 1, last)
}
