/** What an administrator does to streams with the real client. */
import type { EventStoreDBClient } from '@eventstore/db-client'
import type { Deed } from '../../event-store/place.ts'

export const administrate = async (client: EventStoreDBClient, stream: string, deed: Deed): Promise<void> => {
  await DEEDS[deed](client, stream)
}

const DEEDS: Readonly<Record<Deed, (client: EventStoreDBClient, stream: string) => Promise<unknown>>> = {
  'soft-delete': (client, stream) => client.deleteStream(stream),
  tombstone: (client, stream) => client.tombstoneStream(stream),
  'max-age': (client, stream) => client.setStreamMetadata(stream, { maxAge: 3600 }),
  'max-count': (client, stream) => client.setStreamMetadata(stream, { maxCount: 1 }),
  truncate: (client, stream) => client.setStreamMetadata(stream, { truncateBefore: 1 }),
  // To metadata of a deleted stream a server adds a `$tb` behind its last event (StorageWriterService.cs, SoftUndeleteStream).
  restore: async (client, stream) => {
    await client.setStreamMetadata(stream, {})
    await client.setStreamMetadata(stream, {})
  },
}
