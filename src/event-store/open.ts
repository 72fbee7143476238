/** Which store, and how to open it. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { openEmbedded } from './embedded/embedded-store.ts'
import type { EventStore, StoreUnavailable } from './event-store.ts'

export type EventStoreConfig = Readonly<{ kind: 'embedded'; path: string; prefix: string }>

/** Another process owns the store; `owner` is what it said of itself (its pid, the address that it serves), if anything. */
export type StoreInUse = Readonly<{ _tag: 'StoreInUse'; path: string; owner: { pid: number; url?: string } | null }>
/** The file is there but is no intact log: `detail` says what is wrong with it. */
export type StoreDamaged = Readonly<{ _tag: 'StoreDamaged'; path: string; detail: string }>
/** There is nothing to read at this path. */
export type StoreMissing = Readonly<{ _tag: 'StoreMissing'; path: string }>

export type OpenFailure = StoreInUse | StoreDamaged | StoreMissing | StoreUnavailable

/** `write` creates what is missing and owns the store; any number of others may `read` it meanwhile. */
export type Access = 'read' | 'write'

export const openEventStore = (config: EventStoreConfig, access: Access): TaskEither<OpenFailure, EventStore> =>
  openEmbedded(config, access)
