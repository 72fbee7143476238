/** What tests of the stand-in do with the real client over and over. */
import { randomUUID } from 'node:crypto'
import {
  type AllStreamSubscription,
  type EventStoreDBClient,
  jsonEvent,
  type ReadStreamOptions,
} from '@eventstore/db-client'
import { expect } from 'vitest'

export const event = (id: string = randomUUID(), data: Readonly<Record<string, unknown>> = {}) =>
  jsonEvent({ id, type: 'Happened', data })

export const eventsOf = async (client: EventStoreDBClient, stream: string, options: ReadStreamOptions = {}) => {
  const events: { id: string; revision: bigint; type: string; position?: unknown }[] = []
  for await (const { event } of client.readStream(stream, options)) if (event !== undefined) events.push(event)
  return events
}

export const revisionsOf = async (client: EventStoreDBClient, stream: string, options: ReadStreamOptions = {}) =>
  (await eventsOf(client, stream, options)).map(({ revision }) => Number(revision))

/** What the promise is rejected with. */
export const failure = (settling: Promise<unknown>): Promise<unknown> =>
  settling.then(
    (value) => expect.unreachable(`answered ${JSON.stringify(value, (_, one) => String(one))}`),
    (error: unknown) => error,
  )

/** Whether it has settled by the time that another call is answered. */
export const settledBefore = async (settling: Promise<unknown>, other: () => Promise<unknown>): Promise<boolean> => {
  let settled = false
  settling.then(
    () => {
      settled = true
    },
    () => {
      settled = true
    },
  )
  await other()
  return settled
}

/** Tries again while the client finds its way back. */
export const eventually = async <A>(attempt: () => Promise<A>): Promise<A> => {
  for (let tries = 100; ; tries--) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

export type Seen = Readonly<{
  /** `run-1@0` for an event, `caught up`, `error …`. */
  log: readonly string[]
  /** Waits until the last of them is `last`. */
  until: (last: string) => Promise<void>
}>

/** Keeps what a subscription brings. */
export const watch = (subscription: AllStreamSubscription): Seen => {
  const log: string[] = []
  const keep = (what: string) => {
    log.push(what)
  }
  subscription.on('data', ({ event }) => keep(`${event?.streamId}@${event?.revision}`))
  subscription.on('caughtUp', () => keep('caught up'))
  subscription.on('error', (error) => keep(`error ${error.message}`))
  return { log, until: (last) => expect.poll(() => log.at(-1), { timeout: 10_000, interval: 10 }).toBe(last) }
}
