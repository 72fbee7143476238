/** A whole ledger in a directory: store, commands, projector, read model. */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import type { EventStore } from '../../src/event-store/event-store.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import type { Projector } from '../../src/read-model/projector/projector.ts'
import { startProjector } from '../../src/read-model/projector/start-projector.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { testDirectory } from './stores.ts'

export type LedgerOnDisk = Readonly<{
  store: EventStore
  ledger: Ledger
  projector: Projector
  /** Executes all of them, which must be taken, and waits until the read model has them. */
  take: (commands: readonly RunCommand[]) => Promise<void>
  /** Lets go of the files; they stay. */
  close: () => Promise<void>
}>

export const logPath = (directory: string): string => join(directory, 'events.db')
export const readModelPath = (directory: string): string => join(directory, 'read-model.db')
export const treePath = (directory: string): string => join(directory, 'tree.db')

export const openLedgerAt = async (directory = testDirectory()): Promise<LedgerOnDisk> => {
  const eventStore = { kind: 'embedded', path: logPath(directory), prefix: 'run-' } as const
  const store = await openEventStore(eventStore, 'write')()
  if (store._tag === 'Left') throw new Error(JSON.stringify(store.left))
  const projector = await startProjector({ eventStore, path: readModelPath(directory) })()
  if (projector._tag === 'Left') throw new Error(JSON.stringify(projector.left))
  const ledger = createLedger(store.right)
  const close = async () => {
    await projector.right.stop()
    await store.right.close()
  }
  onTestFinished(close)
  return {
    store: store.right,
    ledger,
    projector: projector.right,
    close,
    take: async (commands) => {
      for (const answer of await ledger.executeBatch(commands))
        if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
      const head = await store.right.headPosition()()
      if (head._tag === 'Right') await projector.right.caughtUpTo(head.right)
    },
  }
}

/** Changes a SQLite file behind everybody's back. */
export const tamper = (path: string, sql: string): void => {
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.exec(sql)
  db.close()
}

/** Overwrites every page of a SQLite file but the first, as a failing disk would; what its log holds is moved into it first. */
export const damage = (path: string): void => {
  tamper(path, 'PRAGMA wal_checkpoint(TRUNCATE)')
  const file = openSync(path, 'r+')
  const garbage = Buffer.alloc(PAGE, 0xa5)
  for (let at = PAGE; at < fstatSync(file).size; at += PAGE) writeSync(file, garbage, 0, PAGE, at)
  closeSync(file)
}

const PAGE = 8_192

/** Lets a test change the log, which refuses it. */
export const DROP_GUARDS = 'DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_removed;'
