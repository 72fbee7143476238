/** Why a read model cannot be opened for reading, whichever database it is in. `path` names it, without any secret. */
import type { ReadModelDamaged, ReadModelOutOfReach } from './projection-store.ts'

/** There is no read model there yet: the projector makes it. */
export type ReadModelMissing = Readonly<{ _tag: 'ReadModelMissing'; path: string }>
/** It was made by another version of the program: its projector makes it again when it starts. */
export type ReadModelOutdated = Readonly<{ _tag: 'ReadModelOutdated'; path: string }>

export type ReadModelOpenFailure = ReadModelMissing | ReadModelDamaged | ReadModelOutdated | ReadModelOutOfReach
