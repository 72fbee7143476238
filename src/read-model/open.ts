/** Opens the read model for reading. */
import type { TaskEither } from 'fp-ts/TaskEither'
import type { ReadModel } from './read-model.ts'

/** There is no read model at this path yet: the projector makes it. */
export type ReadModelMissing = Readonly<{ _tag: 'ReadModelMissing'; path: string }>
/** The file is no intact read model. It can be deleted: the projector makes it again from the log. */
export type ReadModelDamaged = Readonly<{ _tag: 'ReadModelDamaged'; path: string; detail: string }>
/** The file was made by another version of the program: its projector makes it again when it starts. */
export type ReadModelOutdated = Readonly<{ _tag: 'ReadModelOutdated'; path: string }>

export type ReadModelOpenFailure = ReadModelMissing | ReadModelDamaged | ReadModelOutdated

export declare const openReadModel: (options: Readonly<{ path: string }>) => TaskEither<ReadModelOpenFailure, ReadModel>
