/** What it takes to open a store, and why it may fail. */
import type { StoreUnavailable } from './event-store.ts'
import type { Limits } from './eventstoredb/limits.ts'

export type EmbeddedConfig = Readonly<{ kind: 'embedded'; path: string; prefix: string }>

/** `address` is a connection string that `checkAddress` has let pass. */
export type EventStoreDbConfig = Readonly<{
  kind: 'eventstoredb'
  address: string
  prefix: string
  limits?: Partial<Limits>
}>

export type EventStoreConfig = EmbeddedConfig | EventStoreDbConfig

/** Another process owns the store; `owner` is what it said of itself (its pid, the address that it serves), if anything. */
export type StoreInUse = Readonly<{ _tag: 'StoreInUse'; path: string; owner: { pid: number; url?: string } | null }>
/** The file is there but is no intact log: `detail` says what is wrong with it. */
export type StoreDamaged = Readonly<{ _tag: 'StoreDamaged'; path: string; detail: string }>
/** There is nothing to read at this path. */
export type StoreMissing = Readonly<{ _tag: 'StoreMissing'; path: string }>
/** The store is there and must not be used as it is: a server that is too old or denies access, a file with two names. */
export type StoreRefused = Readonly<{ _tag: 'StoreRefused'; detail: string }>

export type OpenFailure = StoreInUse | StoreDamaged | StoreMissing | StoreRefused | StoreUnavailable

/** `write` creates what is missing and, where a store has one owner, owns it; any number of others may `read` it meanwhile. */
export type Access = 'read' | 'write'

/** The time in ms that an embedded store records its events at; an EventStoreDB has its own clock. */
export type Clock = () => number
