/** Opens the store that a configuration names. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Access, Clock, EventStoreConfig, OpenFailure } from './config.ts'
import { openEmbedded } from './embedded/embedded-store.ts'
import type { EventStore } from './event-store.ts'

export const openEventStore =
  (config: EventStoreConfig, access: Access, clock: Clock = Date.now): TaskEither<OpenFailure, EventStore> =>
  async () => {
    if (config.kind === 'embedded') return openEmbedded(config, access, clock)()
    // Its client takes long to load, and most ledgers do without.
    const { openEventStoreDb } = await import('./eventstoredb/eventstoredb-store.ts')
    return openEventStoreDb(config, access)()
  }
