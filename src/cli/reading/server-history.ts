/** `history` and `replay` of a run behind a server, printed as they are from the log itself. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Entry } from '../../../projections/audit-entry.ts'
import type { ReplayAnswer } from '../../api/run-views.ts'
import { type ClientProblem, each } from '../../client/client.ts'
import type { Moment } from '../../ledger/history.ts'
import { readJson } from '../../run/read-json.ts'
import type { Run } from '../../run/run.ts'
import { type CliFailure, cliFailure, done, EXIT, type Outcome } from '../outcome.ts'
import { HISTORY_HEADER, historyLine, stepLines } from '../output/entry-text.ts'
import { outputGone, remark, say } from '../output/output.ts'
import { sayRun } from '../output/run-text.ts'
import { ofEntries, withEntrySource } from './entry-source.ts'
import type { Server } from './place.ts'
import { type Asking, withServer } from './with-client.ts'

/** Prints the trail of one run, and says on standard error from where on the run cannot be read. */
export const showServerHistory = (server: Server, run_id: string, json: boolean): Outcome =>
  pipe(
    sayTrail(server, run_id, json),
    TE.filterOrElse(
      ({ events }) => events > 0 || outputGone.aborted,
      () => cliFailure(EXIT.refused, `no run has the id ${run_id}`),
    ),
    TE.flatMap(({ isReadable }) => (isReadable ? done : sayUnreadable(server, run_id))),
  )

type Trail = Readonly<{ events: number; isReadable: boolean }>

const sayTrail = (server: Server, run_id: string, json: boolean): TE.TaskEither<CliFailure, Trail> => {
  let [events, isReadable] = [0, true]
  return pipe(
    withEntrySource(server, (entries) =>
      pipe(
        TE.tryCatch(async () => {
          for await (const page of entries({ run_id: [run_id], sort: 'position' }, outputGone))
            for (const { text } of page) {
              const entry = readJson<Entry>(text)
              if (events === 0 && !json) say(HISTORY_HEADER)
              say(json ? text : historyLine(entry))
              events += 1
              isReadable &&= entry.changes !== null
            }
        }, ofEntries),
        TE.flatMap(() => done),
      ),
    ),
    TE.map(() => ({ events, isReadable })),
  )
}

const sayUnreadable = (server: Server, run_id: string): Outcome =>
  withServer(server, ({ client }) =>
    pipe(
      TE.fromTask(() => client.getRun(run_id, { consistency: 'strong' })),
      TE.flatMap((answer) => {
        if (answer._tag === 'Left' && answer.left._tag === 'run-unreadable')
          remark(`run-ledger: ${unreadable(run_id, answer.left)}`)
        return done
      }),
    ),
  )

/** Prints each step up to `moment`, and the Run at its end. */
export const showServerReplay = (server: Server, run_id: string, moment: Moment, json: boolean): Outcome =>
  withServer(server, (asking) =>
    pipe(
      TE.tryCatch(
        () => lastStep(asking, run_id, moment, json),
        (problem) => ofReplay(asking, run_id)(problem as ClientProblem),
      ),
      TE.flatMap(({ last, isWhole }) => {
        if (last === null)
          return TE.left(
            cliFailure(EXIT.refused, `${run_id} had not been created then, or the ledger did not know of it yet`),
          )
        if (moment.revision !== undefined && last.revision < moment.revision && isWhole)
          return TE.left(cliFailure(EXIT.refused, `${run_id} has no such revision: its last one is ${last.revision}`))
        if (!json) sayRun(last.run as Run, last.revision)
        return done
      }),
    ),
  )

type Step = ReplayAnswer['data'][number]

/** `isWhole`: no steps follow. Throws the problem that ended it. */
const lastStep = async (
  { client }: Asking,
  run_id: string,
  moment: Moment,
  json: boolean,
): Promise<Readonly<{ last: Step | null; isWhole: boolean }>> => {
  let last: Step | null = null
  const steps = each((page) => client.replayRun(run_id, page), { limit: PAGE })
  for await (const answer of steps) {
    if (answer._tag === 'Left') throw answer.left
    const step = answer.right
    if (isLater(step, moment)) return { last, isWhole: false }
    if (json) say(JSON.stringify(step))
    else for (const line of stepLines(step.entry as Entry)) say(line)
    last = step
  }
  return { last, isWhole: true }
}

const PAGE = 200

const isLater = ({ revision, entry }: Step, { as_of, known_at, revision: until }: Moment): boolean =>
  (until !== undefined && revision > until) ||
  (as_of !== undefined && entry.occurred_at !== null && entry.occurred_at > as_of) ||
  (known_at !== undefined && entry.recorded_at > known_at)

const ofReplay =
  ({ ofProblem }: Asking, run_id: string) =>
  (problem: ClientProblem): CliFailure => {
    switch (problem._tag) {
      case 'run-not-found':
        return cliFailure(EXIT.refused, `no run has the id ${run_id}`)
      case 'run-deleted':
        return cliFailure(EXIT.refused, `${run_id} was deleted`)
      case 'run-unreadable':
        return cliFailure(EXIT.refused, unreadable(run_id, problem))
      default:
        return ofProblem(problem)
    }
  }

const unreadable = (
  run_id: string,
  { revision, detail }: Readonly<{ revision?: number | undefined; detail: string }>,
) => `${run_id} cannot be read from revision ${revision} on (${detail.replace(/^revision \d+, /, '')})`
