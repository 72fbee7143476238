/** Real stores for tests, in directories that go when the test ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Access } from '../../src/event-store/config.ts'
import type { EventStore, StoredEvent } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'

/** A directory of the test's own. */
export const testDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'run-ledger-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The embedded store at `directory`, closed when the test ends. */
export const openStore = async (directory = testDirectory(), access: Access = 'write'): Promise<EventStore> => {
  const opened = await openEventStore(
    { kind: 'embedded', path: join(directory, 'events.db'), prefix: 'run-' },
    access,
  )()
  if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
  onTestFinished(() => opened.right.close())
  return opened.right
}

/** Every event of a stream. */
export const eventsOf = async (store: EventStore, stream: string): Promise<readonly StoredEvent[]> => {
  const page = await store.readStream(stream, { from: 0, direction: 'forward', limit: 10_000 })()
  if (page._tag === 'Left') throw new Error(JSON.stringify(page.left))
  return page.right.events
}
