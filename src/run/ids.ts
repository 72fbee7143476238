/** The ids that the ledger derives. */
// STORAGE CONTRACT: the namespaces and what is hashed never change, or a retry after an upgrade would store twice.
import { v5, v7 } from 'uuid'

const EVENT = '7f0b2f3c-5a0e-5d2e-9b58-0c6d3e1c4a11'
const RUN = '2d6c5a0f-93b4-5f0b-8a5e-4e2f1f7d9b22'
const LINE = 'b1a4e6d8-1c3f-5e7a-a2c9-6d8f0e5b7c33'

/** The event of a command: one command, one event. */
export const eventIdOf = (runId: string, commandId: string): string => v5(`${runId}\n${commandId}`, EVENT)

/** The run that a create without `run_id` makes under the idempotency key `key` of `principal`. */
export const runIdOf = (principal: string | null, key: string): string => v5(`${principal ?? ''}\n${key}`, RUN)

/** The command id of line `line` (from 1) of a request with the idempotency key `key`. */
export const commandIdOfRequestLine = (key: string, line: number): string => v5(`${key}\n${line}`, LINE)

/** The command id of a line of a file: of its bytes, and of its number where nothing in it tells it from its like. */
export const commandIdOfFileLine = (bytes: Uint8Array, line?: number): string =>
  v5(line === undefined ? bytes : Buffer.concat([bytes, Buffer.from(`\n${line}`)]), LINE)

/** A new id that sorts by time. */
export const newId = (): string => v7()
