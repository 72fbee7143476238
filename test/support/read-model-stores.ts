/** The databases that a read model may be in: each runs the read model's contract. */
import { type OwnReadModel, openOwnReadModel } from './read-models.ts'

export type ReadModelStore = Readonly<{
  name: string
  /** An empty read model that the test fills itself. */
  open: () => Promise<Pick<OwnReadModel, 'project' | 'readModel'>>
}>

export const READ_MODEL_STORES: readonly ReadModelStore[] = [{ name: 'SQLite', open: () => openOwnReadModel() }]
