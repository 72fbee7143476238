/** What the thread that builds the tree and the one that started it send each other. */
import type { EventStoreConfig } from '../../event-store/config.ts'
import type { Position } from '../../event-store/event-store.ts'

/** How checkpoints are signed, as it crosses to the thread. */
export type SigningOptions = Readonly<{
  origin: string
  /** The texts of the signing keys: usually one, two while they are rotated. */
  keys: readonly string[]
  statePaths: readonly string[]
  /** In ms. */
  every: number
  directory: string | null
  witnesses: readonly Readonly<{ url: string; vkey: string }>[]
}>

export type BuilderOptions = Readonly<{
  eventStore: EventStoreConfig
  /** Of `tree.db`. */
  path: string
  /** Null: this process builds the tree and signs nothing. */
  signing: SigningOptions | null
}>

export type FromBuilder =
  | Readonly<{ type: 'started' }>
  | Readonly<{ type: 'not_started'; detail: string }>
  | Readonly<{ type: 'grown'; position: Position }>
  | Readonly<{ type: 'signed'; size: number }>
  | Readonly<{ type: 'refused'; detail: string | null }>
  | Readonly<{ type: 'log'; level: 'info' | 'warn' | 'error'; message: string }>
