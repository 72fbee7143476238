/** How far the projections are behind the log, and which runs they could not read. */
import { Page } from '../frame.tsx'
import { runHref } from '../lib/address.ts'
import { counted, durationText, numberText } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { useLive } from '../lib/live.ts'
import { useLoad } from '../lib/load.ts'
import { usePoll } from '../lib/poll.ts'
import { zoneName } from '../lib/zone.ts'
import { Icon } from '../parts/icon.tsx'
import { Age, Moment } from '../parts/moment.tsx'
import { Loading, ProblemNotice } from '../parts/problem.tsx'

type Projection = NonNullable<
  Extract<Awaited<ReturnType<typeof ledger.listProjections>>, { _tag: 'Right' }>['right']
>['data'][number]

export const Projections = () => {
  const projections = useLoad('projections', (signal) => ledger.listProjections({ signal }))
  useLive(projections.reload)
  // The lag grows while nothing arrives, too.
  usePoll(projections.reload)
  const data = projections.value?.data ?? []
  const quarantined = [...new Map(data.flatMap((each) => each.quarantined).map((each) => [each.run_id, each])).values()]
  return (
    <Page title="Projections">
      {projections.problem !== null && <ProblemNotice problem={projections.problem} retry={projections.reload} />}
      {projections.value === null && projections.problem === null && <Loading what="the projections" />}
      {projections.value !== null && (
        <>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">Projection</th>
                  <th scope="col">State</th>
                  <th scope="col" class="right">
                    Events behind
                  </th>
                  <th scope="col" class="right">
                    Time behind
                  </th>
                  <th scope="col">Position</th>
                  <th scope="col">Last sign of life</th>
                  <th scope="col" class="right">
                    Version
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.map((projection) => (
                  <Row key={projection.name} projection={projection} />
                ))}
              </tbody>
            </table>
          </div>
          <h2>Quarantined runs</h2>
          {quarantined.length === 0 ? (
            <p class="none">None. Every event of every run can be read.</p>
          ) : (
            <>
              <p>
                {counted(quarantined.length, 'run')} cannot be read any further. Others are not affected. An operator
                can try again with <code>run-ledger projections retry --all</code>.
              </p>
              <div class="scroll">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Run</th>
                      <th scope="col" class="right">
                        Event
                      </th>
                      <th scope="col">Why</th>
                      <th scope="col">Since ({zoneName.value})</th>
                    </tr>
                  </thead>
                  <tbody>
                    {quarantined.map(({ run_id, revision, type, detail, since }) => (
                      <tr key={run_id}>
                        <th scope="row">
                          <a href={runHref(run_id)}>{run_id}</a>
                        </th>
                        <td class="right number">{revision}</td>
                        <td>
                          {type}: {detail}
                        </td>
                        <td>
                          <Moment time={since} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </>
          )}
        </>
      )}
    </Page>
  )
}

const Row = ({ projection }: Readonly<{ projection: Projection }>) => {
  const { name, version, position, lag_events, lag_seconds, last_heartbeat } = projection
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <ProjectionState projection={projection} />
      </td>
      <td class="right number">{lag_events === null ? '—' : numberText(lag_events)}</td>
      <td class="right number">{lag_seconds === null ? '—' : durationText(lag_seconds * 1_000)}</td>
      <td class="number">{position}</td>
      <td>{last_heartbeat === null ? <span class="none">none</span> : <Age since={last_heartbeat} ago />}</td>
      <td class="right number">{version}</td>
    </tr>
  )
}

export const ProjectionState = ({
  projection: { rebuilding, caught_up },
}: Readonly<{ projection: Pick<Projection, 'rebuilding' | 'caught_up'> }>) =>
  rebuilding ? (
    <span class="status busy">
      <Icon name="waiting" />
      being rebuilt
    </span>
  ) : caught_up ? (
    <span class="status good">
      <Icon name="done" />
      up to date
    </span>
  ) : (
    <span class="status busy">
      <Icon name="waiting" />
      catching up
    </span>
  )
