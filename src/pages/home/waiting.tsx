/** What waits, by status, with the run that has waited longest. */
import { pageHref, runHref } from '../lib/address.ts'
import { numberText } from '../lib/format.ts'
import { Age } from '../parts/moment.tsx'
import { Status } from '../parts/status.tsx'
import type { WaitingRuns } from './waiting-runs.ts'

export const Waiting = ({ waiting }: Readonly<{ waiting: readonly WaitingRuns[] }>) => (
  <section aria-label="Waiting now">
    <h2>Waiting now</h2>
    {waiting.length === 0 ? (
      <p class="none">No run is open.</p>
    ) : (
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Status</th>
              <th scope="col" class="right">
                Runs
              </th>
              <th scope="col">Unchanged longest</th>
              <th scope="col" class="right">
                For
              </th>
            </tr>
          </thead>
          <tbody>
            {waiting.map(({ status, runs, oldest }) => (
              <tr key={status}>
                <th scope="row">
                  <a href={pageHref('runs', { status, sort: 'last_updated_at' })}>
                    <Status status={status} />
                  </a>
                </th>
                <td class="right number">{numberText(runs)}</td>
                <td>{oldest === null ? '—' : <a href={runHref(oldest.run_id)}>{oldest.run_id}</a>}</td>
                <td class="right">{oldest !== null && <Age since={oldest.last_updated_at} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </section>
)
