/** The run at a glance, as it is now. */
import type { Run } from '../../client/client.ts'
import { apiHref, groupHref, pageHref, policyHref } from '../lib/address.ts'
import { msBetween } from '../lib/format.ts'
import { may } from '../lib/session.ts'
import { Age, Duration, Moment } from '../parts/moment.tsx'
import { Status } from '../parts/status.tsx'

type HeaderProps = Readonly<{ run: Run; revision: number; shown: number }>

const ENDED: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'CANCELLED'])

export const RunHeader = ({ run, revision, shown }: HeaderProps) => (
  <section class="run-head" aria-label="The run now">
    <dl class="facts">
      <div>
        <dt>Status</dt>
        <dd>
          <Status status={run.status} />
        </dd>
      </div>
      <div>
        <dt>Result</dt>
        <dd>{run.result ?? <span class="none">—</span>}</dd>
      </div>
      <div>
        <dt>Policy version</dt>
        <dd>
          <a href={policyHref(run.policy_version_id)}>{run.policy_version_id}</a>
        </dd>
      </div>
      <div>
        <dt>Group</dt>
        <dd>
          {run.run_group_id === null ? (
            <span class="none">—</span>
          ) : (
            <a href={groupHref(run.run_group_id)}>{run.run_group_id}</a>
          )}
        </dd>
      </div>
      <div>
        <dt>Created</dt>
        <dd>
          <Moment time={run.created_at} zoned />
        </dd>
      </div>
      <div>
        <dt>Started</dt>
        <dd>
          <Moment time={run.started_at} zoned />
        </dd>
      </div>
      <div>
        <dt>Last updated</dt>
        <dd>
          <Moment time={run.last_updated_at} zoned />
        </dd>
      </div>
      <div>
        <dt>{ENDED.has(run.status) ? 'Duration' : 'Open for'}</dt>
        <dd>
          {ENDED.has(run.status) ? (
            <Duration ms={msBetween(run.created_at, run.last_updated_at)} />
          ) : (
            <Age since={run.created_at} />
          )}
        </dd>
      </div>
      <div>
        <dt>Revision</dt>
        <dd class="number">{revision}</dd>
      </div>
    </dl>
    <p class="actions">
      <a href={pageHref('diff', { a: `${run.run_id}@${Math.max(0, shown)}` })}>Compare with another run</a>
      {may(['auditor']) && <a href={pageHref('audit', { run_id: run.run_id })}>In the audit trail</a>}
      <a href={apiHref(`runs/${encodeURIComponent(run.run_id)}`)}>JSON</a>
      <button type="button" onClick={() => print()}>
        Print
      </button>
    </p>
  </section>
)
