/** The databases that a read model may be in: each runs the contracts of both its ports. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ProjectionStore } from '../../../src/read-model/projection-store.ts'
import { openProjectionStore } from '../../../src/read-model/sqlite/writing/projection-store.ts'
import { openOwnPostgres } from '../postgres/postgres-read-models.ts'
import { openPostgresStore } from '../postgres/postgres-stores.ts'
import { rightOf } from '../scenario.ts'
import { testDirectory } from '../stores.ts'
import { contentsOf, type OwnReadModel, openOwnReadModel, type WrittenStore } from './read-models.ts'

export type ReadModelStore = Readonly<{
  name: string
  /** An empty read model that the test fills itself. */
  open: () => Promise<Pick<OwnReadModel, 'project' | 'readModel'>>
  /** An empty store for what a projector writes. */
  openForWriting: () => Promise<WrittenStore>
}>

const openSqlite = async (): Promise<WrittenStore> => {
  const path = join(testDirectory(), 'read-model.db')
  const another = (): ProjectionStore => {
    const store = rightOf(openProjectionStore(path))
    onTestFinished(store.close)
    return store
  }
  return { store: another(), another, contents: async () => contentsOf(path) }
}

export const READ_MODEL_STORES: readonly ReadModelStore[] = [
  { name: 'SQLite', open: () => openOwnReadModel(), openForWriting: openSqlite },
  { name: 'PostgreSQL', open: () => openOwnPostgres(), openForWriting: () => openPostgresStore() },
]
