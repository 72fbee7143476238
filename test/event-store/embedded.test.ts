/** The embedded event store keeps the contract. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventStore } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { eventStoreContract } from './contract.ts'
import { type Place, rightOf } from './place.ts'

eventStoreContract('the embedded store', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'run-ledger-'))
  const path = join(directory, 'events.db')
  const opened: EventStore[] = []
  const open: Place['open'] = async (access, prefix = 'run-') => {
    const store = rightOf(await openEventStore({ kind: 'embedded', path, prefix }, access)())
    opened.push(store)
    return store
  }
  return {
    open,
    openAccess: async () => ({ store: await open('write', '_access:'), stream: 'run-' }),
    administrate: null,
    remove: async () => {
      await Promise.all(opened.map((store) => store.close()))
      rmSync(directory, { recursive: true })
    },
  }
})
