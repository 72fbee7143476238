/**
 * EventStoreDB keeps the contract: a stand-in that speaks its protocol, or whatever server stands at
 * RUN_LEDGER_TEST_EVENTSTOREDB, a connection string; there under prefixes that no other run uses.
 */
import { randomUUID } from 'node:crypto'
import { EventStoreDBClient } from '@eventstore/db-client'
import { afterAll, beforeAll } from 'vitest'
import type { Access } from '../../src/event-store/config.ts'
import type { EventStore } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { administrate } from '../support/eventstoredb/administrate.ts'
import { type StandIn, startStandIn } from '../support/eventstoredb/stand-in.ts'
import { eventStoreContract } from './contract.ts'
import { rightOf } from './place.ts'

const given = process.env['RUN_LEDGER_TEST_EVENTSTOREDB']
let standIn: StandIn | null = null

beforeAll(async () => {
  if (given === undefined) standIn = await startStandIn()
})
afterAll(() => standIn?.stop())

eventStoreContract('EventStoreDB', async () => {
  const address = given ?? (standIn as StandIn).address
  const place = randomUUID().slice(0, 8)
  const opened: EventStore[] = []
  const client = EventStoreDBClient.connectionString(address)
  const openWith = async (prefix: string, access: Access) => {
    const store = rightOf(await openEventStore({ kind: 'eventstoredb', address, prefix }, access)())
    opened.push(store)
    return store
  }
  return {
    open: (access, prefix = 'run-') => openWith(`${place}-${prefix}`, access),
    openAccess: async () => ({ store: await openWith('_access:', 'write'), stream: `${place}-run-` }),
    administrate: (stream, deed) => administrate(client, `${place}-run-${stream}`, deed),
    remove: async () => {
      await Promise.all([...opened.map((store) => store.close()), client.dispose()])
    },
  }
})
