/** Opens the read model that a configuration names, and starts its projector. An adapter is loaded when it is needed. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ReadModelConfig } from './config.ts'
import type { ReadModelOpenFailure } from './open-failure.ts'
import type { Projector, ProjectorFailure, ProjectorOptions } from './projector/projector.ts'
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

/** In SQLite one process projects, and owns the file; into PostgreSQL any number do, and share the work. */
export const startProjector = (
  config: ReadModelConfig,
  options: Omit<ProjectorOptions, 'path'>,
): TE.TaskEither<ProjectorFailure, Projector> =>
  config.kind === 'sqlite'
    ? pipe(
        TE.fromTask(() => import('./projector/start-projector.ts')),
        TE.flatMap(({ startProjector: start }) => start({ path: config.path, ...options })),
      )
    : pipe(
        TE.fromTask(() => import('./postgres/projector/start-postgres-projector.ts')),
        TE.flatMap(({ startPostgresProjector }) => startPostgresProjector({ url: config.url, ...options })),
      )
