/** Opens the store that a configuration names. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Access, EventStoreConfig, OpenFailure } from './config.ts'
import { openEmbedded } from './embedded/embedded-store.ts'
import type { EventStore } from './event-store.ts'

export const openEventStore =
  (config: EventStoreConfig, access: Access): TaskEither<OpenFailure, EventStore> =>
  async () => {
    if (config.kind === 'embedded') return openEmbedded(config, access)()
    // Its client takes long to load, and most ledgers do without.
    const { openEventStoreDb } = await import('./eventstoredb/eventstoredb-store.ts')
    return openEventStoreDb(config, access)()
  }
