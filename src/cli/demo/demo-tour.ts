/** What to try with a demo that is served: commands that work when pasted, with ids that exist. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ReadModel } from '../../read-model/read-model.ts'
import type { DemoLine } from './demo-decisions.ts'

export type TourOptions = Readonly<{
  url: string
  /** Where the ledger is, as the caller named it. */
  /** The flags that name the ledger. */
  there: string
  readModel: ReadModel
  lines: readonly DemoLine[]
}>

/** The lines to show. */
export const tour = async ({ url, there, readModel, lines }: TourOptions): Promise<readonly string[]> => {
  const { run_id, between, actor, policy } = eventful(lines)
  const waiting = await waitingRun(readModel)
  return [
    `Open ${url}/ui/ in a browser.`,
    '',
    'Try, in another terminal:',
    ...call('the latest that were declined', `curl '${url}/runs?result=DECLINED&limit=2'`),
    ...call('one decision', `curl ${url}/runs/${run_id}`),
    ...call('how it came to be so, step by step', `npx run-ledger replay ${run_id} ${there}`),
    ...call('who set which of its fields, and why', `curl ${url}/runs/${run_id}/provenance`),
    ...call('the same one as it stood before it was decided', `curl '${url}/runs/${run_id}?as_of=${between}'`),
    ...call(
      'the latest that was done by the person who decided it',
      `npx run-ledger audit --actor ${actor} --limit 10 ${there}`,
    ),
    ...call('how its policy decides, day by day', `curl '${url}/policy-versions/${policy}/stats?bucket=day'`),
    ...call('what happens, live', `curl -N ${url}/stream`),
    ...(waiting === null ? [] : decide(`${url}/runs/${waiting}`)),
    ...call('all that can be asked', `${url}/docs`),
    ...call('is every row what the log says?', `npx run-ledger verify ${there}`),
    '',
    'Ctrl-C ends it; the decisions stay for the next start.',
  ]
}

const call = (what: string, line: string): readonly string[] => ['', `  # ${what}`, `  ${line}`]

const decide = (run: string): readonly string[] => [
  ...call('start one that is waiting', `curl -X POST -H 'Run-Ledger-Actor: you' ${run}/start`),
  ...call(
    'and decide on it',
    `curl -X POST -H 'Run-Ledger-Actor: you' -H 'Content-Type: application/json' ${run}/complete -d '{"status":"SUCCESS","result":"APPROVED","reason":"It looked good"}'`,
  ),
]

type Eventful = Readonly<{ run_id: string; between: string; actor: string; policy: string }>

/** The decided run with the most events, a moment before its decision, who decided it, and by which policy. */
const eventful = (lines: readonly DemoLine[]): Eventful => {
  const decided = lines.filter(({ result }) => result !== undefined).map(({ run_id }) => run_id)
  const runs = new Map<string, DemoLine[]>(decided.map((run_id) => [run_id, []]))
  for (const line of lines) runs.get(line.run_id)?.push(line)
  const [run_id, most] = [...runs].reduce((best, next) => (next[1].length > best[1].length ? next : best))
  return {
    run_id,
    between: most.at(-2)?.occurred_at ?? '',
    actor: String(most.at(-1)?.['actor']),
    policy: String(most[0]?.['policy_version_id']),
  }
}

/** A run that is not started yet; null where there is none or the read model cannot be read. */
const waitingRun = (readModel: ReadModel): Promise<string | null> =>
  pipe(
    readModel.listRuns({ status: ['PENDING'], sort: '-created_at', limit: 1, count: false }),
    TE.match(
      () => null,
      ({ runs: [run] }) => run?.run_id ?? null,
    ),
  )()
