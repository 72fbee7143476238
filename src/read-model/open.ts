/** Opens the read model that a configuration names, for reading. An adapter is loaded when it is needed. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ReadModelConfig } from './config.ts'
import type { ReadModelOpenFailure } from './open-failure.ts'
import type { ReadModel } from './read-model.ts'
import type { Snapshot } from './snapshot.ts'

export type ReadModelOptions = Readonly<{
  /** For one who will ask much: what large queries need is started at once, and a database that is down is no failure. */
  isServing?: boolean
  /** Called when a read finds a file damaged; not again before a read has succeeded. */
  onDamage?: (detail: string) => void
}>

/** Any number may read, in any process, while projectors write and while none runs. */
export const openReadModel = (
  config: ReadModelConfig,
  options: ReadModelOptions = {},
): TE.TaskEither<ReadModelOpenFailure, ReadModel> =>
  config.kind === 'sqlite'
    ? pipe(
        TE.fromTask(() => import('./sqlite/open.ts')),
        TE.flatMap(({ openReadModel: open }) => open({ path: config.path, ...options })),
      )
    : pipe(
        TE.fromTask(() => import('./postgres/open.ts')),
        TE.flatMap(({ openPostgresReadModel }) => openPostgresReadModel({ url: config.url, ...options })),
      )

/** The whole read model as it stands now, for `verify`. */
export const openSnapshot = (config: ReadModelConfig): TE.TaskEither<ReadModelOpenFailure, Snapshot> =>
  config.kind === 'sqlite'
    ? pipe(
        TE.fromTask(() => import('./sqlite/snapshot.ts')),
        TE.flatMapEither(({ openSnapshot: open }) => open(config.path, 'live')),
      )
    : pipe(
        TE.fromTask(() => import('./postgres/snapshot.ts')),
        TE.flatMap(({ openSnapshot: open }) => open(config.url)),
      )
