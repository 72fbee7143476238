/** Is all well? */
import { Page } from '../frame.tsx'
import { pageHref, runHref } from '../lib/address.ts'
import { counted, durationText, numberText, shareText } from '../lib/format.ts'
import { useLive } from '../lib/live.ts'
import { useLoad } from '../lib/load.ts'
import { usePoll } from '../lib/poll.ts'
import { Icon } from '../parts/icon.tsx'
import { Moment } from '../parts/moment.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/problem.tsx'
import { Status } from '../parts/status.tsx'
import { type Overview, overview } from './overview.ts'
import { Waiting } from './waiting.tsx'

export const Home = () => {
  const loaded = useLoad('overview', overview)
  const throttled = useThrottled(loaded.reload)
  useLive(throttled)
  usePoll(loaded.reload)
  return (
    <Page title="Overview">
      {loaded.problem !== null && <ProblemNotice problem={loaded.problem} retry={loaded.reload} />}
      {loaded.value === null && loaded.problem === null && <Loading what="the overview" />}
      {loaded.value !== null && <Answers answers={loaded.value} />}
    </Page>
  )
}

const PERIOD_MS = 3_000
let last = 0

/** While an import runs, the figures follow every 3 s; the poll brings the last of them. */
const useThrottled = (reload: () => void) => () => {
  if (Date.now() - last < PERIOD_MS) return
  last = Date.now()
  reload()
}

const Answers = ({ answers }: Readonly<{ answers: Overview }>) => {
  const { lag, quarantined, today, week, before, latest } = answers
  const well = quarantined === 0 && lag !== null && lag.events === 0
  return (
    <>
      <p class={`verdict status ${quarantined > 0 ? 'bad' : well ? 'good' : 'busy'}`}>
        <Icon name={quarantined > 0 ? 'warning' : well ? 'done' : 'waiting'} />
        {quarantined > 0
          ? `${counted(quarantined, 'run')} cannot be read`
          : well
            ? 'All is well: every event can be read, and the read model holds them all'
            : lag === null
              ? 'The lag behind the log cannot be measured'
              : `The read model is ${counted(lag.events, 'event')} behind the log`}
      </p>
      <dl class="figures">
        <div>
          <dt>Runs created today</dt>
          <dd>
            <a href={pageHref('runs', { created_after: answers.midnight })}>{numberText(today)}</a>
          </dd>
          <dd class="note">since midnight UTC</dd>
        </div>
        <div>
          <dt>Error rate, 7 days</dt>
          <dd>{shareText(week.rate)}</dd>
          <dd class="note">
            {shareText(before.rate)} in the week before; {counted(week.failed, 'failure')} of{' '}
            {numberText(week.completed)}
          </dd>
        </div>
        <div>
          <dt>Behind the log</dt>
          <dd>
            <a href={pageHref('projections')}>{lag === null ? '—' : numberText(lag.events)}</a>
          </dd>
          <dd class="note">{lag === null ? 'unknown' : `events; ${durationText(lag.seconds * 1_000)}`}</dd>
        </div>
        <div>
          <dt>Quarantined</dt>
          <dd>
            <a href={pageHref('projections')}>{numberText(quarantined)}</a>
          </dd>
          <dd class="note">runs that cannot be read further</dd>
        </div>
      </dl>
      <Waiting waiting={answers.waiting} />
      <section aria-label="Last completed">
        <h2>Last completed</h2>
        {latest.length === 0 ? (
          <Empty title="No run is completed yet" />
        ) : (
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">Run</th>
                  <th scope="col">Status</th>
                  <th scope="col">Result</th>
                  <th scope="col">Completed</th>
                </tr>
              </thead>
              <tbody>
                {latest.map((run) => (
                  <tr key={run.run_id}>
                    <th scope="row">
                      <a href={runHref(run.run_id)}>{run.run_id}</a>
                    </th>
                    <td>
                      <Status status={run.status} />
                    </td>
                    <td>{run.result ?? <span class="none">—</span>}</td>
                    <td>
                      <Moment time={run.last_updated_at} zoned />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  )
}
