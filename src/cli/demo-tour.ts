/** What to try with a demo that is served: calls that work as they stand, with ids that exist. */
import type { ReadModel } from '../read-model/read-model.ts'
import type { DemoLine } from './demo-decisions.ts'

export type TourOptions = Readonly<{
  url: string
  /** Where the ledger is, as the caller named it. */
  data: string
  readModel: ReadModel
  lines: readonly DemoLine[]
}>

/** The lines to show. */
export const tour = async ({ url, data, readModel, lines }: TourOptions): Promise<readonly string[]> => {
  const { run_id, between } = eventful(lines)
  const waiting = await waitingRun(readModel)
  return [
    'Try, in another terminal:',
    ...call('the latest that were declined', `curl '${url}/runs?result=DECLINED&limit=2'`),
    ...call('one decision', `curl ${url}/runs/${run_id}`),
    ...call('the same one as it stood before it was decided', `curl '${url}/runs/${run_id}?as_of=${between}'`),
    ...(waiting === null ? [] : decide(`${url}/runs/${waiting}`)),
    ...call('all that can be asked', `${url}/docs`),
    ...call('is every row what the log says?', `npx run-ledger verify --data ${data}`),
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

/** The decided run with the most events, and a moment in the midst of them. */
const eventful = (lines: readonly DemoLine[]): Readonly<{ run_id: string; between: string }> => {
  const decided = lines.filter(({ result }) => result !== undefined).map(({ run_id }) => run_id)
  const times = new Map<string, string[]>(decided.map((run_id) => [run_id, []]))
  for (const { run_id, occurred_at } of lines) times.get(run_id)?.push(occurred_at)
  const most = [...times].reduce((best, next) => (next[1].length > best[1].length ? next : best))
  return { run_id: most[0], between: most[1].at(-2) ?? '' }
}

const waitingRun = async (readModel: ReadModel): Promise<string | null> => {
  const page = await readModel.listRuns({ status: ['PENDING'], sort: '-created_at', limit: 1, count: false })()
  return page._tag === 'Right' ? (page.right.runs[0]?.run_id ?? null) : null
}
