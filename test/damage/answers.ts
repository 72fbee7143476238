/** What a ledger in files answers, by question (counts apart, which start a thread each time). A failure is an answer of its own; what is thrown is not caught. */

import { openEventStore } from '../../src/event-store/open.ts'
import { readRunAt } from '../../src/ledger/history.ts'
import type { Answer, ReadModel } from '../../src/read-model/read-model.ts'
import { openReadModel } from '../../src/read-model/sqlite/open.ts'
import { logPath, readModelPath } from '../support/ledger-on-disk.ts'
import { GROUPS, POLICIES, RUNS } from './sample.ts'

/** JSON of each answer; null where it was refused. */
export type Answers = ReadonlyMap<string, string | null>

export const answersOf = async (directory: string): Promise<Answers> =>
  new Map([...(await ofLog(directory)), ...(await ofReadModel(directory))])

const ofLog = async (directory: string): Promise<[string, string | null][]> => {
  const opened = await openEventStore({ kind: 'embedded', path: logPath(directory), prefix: 'run-' }, 'read')()
  if (opened._tag === 'Left') return []
  const store = opened.right
  const answers: [string, string | null][] = []
  for (const run of RUNS) {
    const strong = await readRunAt(store)(run)()
    answers.push([`strong ${run}`, strong._tag === 'Right' ? JSON.stringify(strong.right) : null])
  }
  await store.close()
  return answers
}

const ofReadModel = async (directory: string): Promise<[string, string | null][]> => {
  const opened = await openReadModel({ path: readModelPath(directory) })()
  if (opened._tag === 'Left') return []
  const answers: [string, string | null][] = []
  for (const [question, ask] of questions(opened.right)) {
    const answer = await ask()
    answers.push([question, answer._tag === 'Right' ? JSON.stringify(answer.right) : null])
  }
  await opened.right.close()
  return answers
}

const questions = (readModel: ReadModel): readonly (readonly [string, Answer<unknown>])[] => [
  ...RUNS.flatMap((run) => [
    [`run ${run}`, readModel.getRun(run)] as const,
    [`steps ${run}`, readModel.listSteps(run, { from: 0, limit: 100 })] as const,
  ]),
  ...(['created_at', '-created_at', 'last_updated_at', '-last_updated_at'] as const).map(
    (sort) => [`runs by ${sort}`, readModel.listRuns({ sort, limit: 30, count: false })] as const,
  ),
  ...[
    { status: ['IN_REVIEW'] },
    { result: ['APPROVED'] },
    { run_group_id: GROUPS },
    { policy_version_id: POLICIES.slice(1) },
    { metadata: [['channel', 'web']] as const },
  ].map(
    (filters, n) =>
      [`runs ${n}`, readModel.listRuns({ ...filters, sort: 'created_at', limit: 30, count: false })] as const,
  ),
  ...(['position', '-position', 'occurred_at', '-occurred_at'] as const).map(
    (sort) => [`entries by ${sort}`, readModel.listEntries({ sort, limit: 60 })] as const,
  ),
  ...[{ actor: ['desk-1'] }, { type: ['RunStarted'] }, { run_group_id: ['monday'] }, { command_id: ['command-9'] }].map(
    (filters, n) => [`entries ${n}`, readModel.listEntries({ ...filters, sort: 'position', limit: 60 })] as const,
  ),
  ...GROUPS.map((group) => [`group ${group}`, readModel.getRunGroup(group)] as const),
  ...POLICIES.flatMap((policy) =>
    (['hour', 'total'] as const).map(
      (bucket) => [`stats ${policy} ${bucket}`, readModel.policyStats({ policy_version_id: policy, bucket })] as const,
    ),
  ),
  ['projections', withoutHeartbeats(readModel)],
]

/** A heartbeat is of this moment: the next one corrects it. */
const withoutHeartbeats =
  ({ projections }: ReadModel): Answer<unknown> =>
  async () => {
    const answer = await projections()()
    if (answer._tag === 'Left') return answer
    const { position, projections: states } = answer.right
    return { ...answer, right: { position, states: states.map(({ last_heartbeat: _, ...state }) => state) } }
  }
