/** Opens the read model in PostgreSQL for reading. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type pg from 'pg'
import type { Position } from '../../event-store/event-store.ts'
import type { ReadModelMissing } from '../open-failure.ts'
import type { ReadModelOutOfReach } from '../projection-store.ts'
import type { Query } from '../queries/keyset-pagination.ts'
import { counted } from '../queries/search-runs.ts'
import type { Answer, EntryQuery, ReadModel, RunRead } from '../read-model.ts'
import { placeOf } from './address.ts'
import { openPool, type PoolOptions } from './connection.ts'
import { MOVED_CHANNEL, partOf } from './parts.ts'
import { attempt } from './postgres-failure.ts'
import { answerInTransaction, answerOn } from './reading/connection.ts'
import { listenOn } from './reading/listener.ts'
import { createPositionWatch } from './reading/position-watch.ts'
import { type Questions, questionsOver } from './reading/questions.ts'
import { replaced } from './reading/read-failure.ts'
import { runReadOf } from './reading/single-run.ts'
import { beginSnapshot, hasRegistry, lookAtMoment, type Moment, rowsOf, runQuery } from './reading/snapshot.ts'
import type { Statement } from './reading/statements.ts'

export type PostgresReadModelOptions = Readonly<{
  /** As `checkPostgresUrl` takes it. */
  url: string
  /** For one who will ask for long: whether the database answers is not looked at. */
  isServing?: boolean
}>

export const openPostgresReadModel = ({
  url,
  isServing = false,
}: PostgresReadModelOptions): TE.TaskEither<ReadModelMissing | ReadModelOutOfReach, ReadModel> => {
  const pools: Pools = {
    readers: openPool(url, { ...LIMITS, name: 'run-ledger readers', max: READERS }),
    searchers: openPool(url, { ...LIMITS, name: 'run-ledger searchers', max: SEARCHERS }),
    listener: openPool(url, { ...LIMITS, name: 'run-ledger listener', max: 1 }),
  }
  const readModel = readModelOver(pools)
  if (isServing) return TE.right(readModel)
  return pipe(
    lookedFor(pools.readers, placeOf(url)),
    TE.map(() => readModel),
    TE.tapError(() => TE.fromTask(readModel.close)),
  )
}

/** Searches have connections of their own, so that nothing else waits for them. */
type Pools = Readonly<Record<'readers' | 'searchers' | 'listener', pg.Pool>>

const READERS = 8
const SEARCHERS = 2

const LIMITS: Omit<PoolOptions, 'name' | 'max'> = {
  statementTimeoutMs: 8_000,
  answerTimeoutMs: 9_000,
  idleInTransactionMs: 10_000,
  // Anyone who asks next gets the failure.
  onLost: () => undefined,
}

/** Fails where the database does not answer, or no projector has ever run over it. */
const lookedFor =
  (pool: pg.Pool, path: string): TE.TaskEither<ReadModelMissing | ReadModelOutOfReach, void> =>
  async () =>
    pipe(
      await attempt(path, () => hasRegistry(pool)),
      E.flatMap((isThere) => (isThere ? E.right(undefined) : E.left({ _tag: 'ReadModelMissing' as const, path }))),
    )

const readModelOver = ({ readers, searchers, listener }: Pools): ReadModel => {
  /** Of the generation that was live at the last read: its statements are compiled once. */
  let known: Questions | null = null
  const questionsOf = (generation: number): Questions => {
    if (known?.generation !== generation) known = questionsOver(generation)
    return known
  }

  /** What `ask` makes of the tables at one moment. `parts`: whose positions count; all where it is null. */
  const inSnapshot = <Read>(
    ask: (questions: Questions, moment: Moment) => Query<Statement, Read>,
    { parts = null, pool = readers }: Readonly<{ parts?: readonly number[] | null; pool?: pg.Pool }> = {},
  ): Answer<Read & Readonly<{ position: Position }>> =>
    answerInTransaction(pool, async (client) => {
      const moment = await beginSnapshot(client, parts)
      const read = await runQuery(client, ask(questionsOf(moment.generation), moment))
      return { position: moment.position, ...read }
    })

  /** The next read looks which tables are live. */
  const forget = (error: unknown): never => {
    known = null
    throw error
  }

  const getRun = (run_id: string): Answer<RunRead> =>
    answerOn(readers, async (client) => {
      const questions = known ?? questionsOf((await lookAtMoment(client)).generation)
      const [row = []] = await rowsOf(client, questions.run(run_id)).catch(forget)
      const { moment, read } = runReadOf(row)
      // A rebuild has put other tables into place.
      if (moment.generation !== questions.generation) return forget(replaced())
      return { position: moment.position, ...read }
    })

  const position = pipe(
    answerOn(readers, lookAtMoment),
    TE.map((moment) => moment.position),
  )

  const watch = createPositionWatch({
    position: pipe(
      position,
      TE.getOrElseW(() => T.of(null)),
    ),
    listen: listenOn(listener, MOVED_CHANNEL),
  })

  return {
    getRun,
    listRuns: (query) =>
      pipe(
        inSnapshot(({ runs }, at) => runs(query, at.position), { pool: query.q === undefined ? readers : searchers }),
        TE.flatMapEither((page) => counted(page)),
      ),
    listEntries: (query) =>
      inSnapshot(({ entries }, at) => entries(query, at.position), {
        parts: partsOf(query),
        pool: query.path === undefined && query.reason === undefined ? readers : searchers,
      }),
    listTrail: (run_id, options) =>
      inSnapshot(({ trail }, at) => trail(run_id, options, at.position), { parts: [partOf(run_id)] }),
    listSteps: (run_id, options) => inSnapshot(({ steps }) => steps(run_id, options), { parts: [partOf(run_id)] }),
    getRunGroup: (run_group_id) => inSnapshot(({ group }) => group(run_group_id)),
    listRunGroups: (query) => inSnapshot(({ groups }) => groups(query)),
    listPolicyVersions: (query) => inSnapshot(({ policyVersions }) => policyVersions(query)),
    policyStats: (query) => inSnapshot(({ stats }) => stats(query)),
    agreement: (query) => inSnapshot(({ agreement }) => agreement(query)),
    projections: () => inSnapshot(({ projections }) => projections()),
    position: () => position,
    waitFor: watch.waitFor,
    close: async () => {
      watch.close()
      await Promise.all([readers, searchers, listener].map((pool) => pool.end()))
    },
  }
}

/** Those of the runs that are asked for; null for all. */
const partsOf = ({ run_id }: EntryQuery): readonly number[] | null =>
  run_id === undefined || run_id.length === 0 ? null : [...new Set(run_id.map(partOf))]
