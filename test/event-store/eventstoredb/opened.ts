/** EventStoreDB stores with short time limits, closed when the test ends. */
import { onTestFinished } from 'vitest'
import type { Access, EventStoreDbConfig } from '../../../src/event-store/config.ts'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import type { Limits } from '../../../src/event-store/eventstoredb/limits.ts'
import { openEventStore } from '../../../src/event-store/open.ts'
import { rightOf } from '../place.ts'

export const SHORT: Limits = {
  appendWithin: 400,
  readWithin: 400,
  openWithin: 2_000,
  retryWithin: 300,
  quietAfter: 200,
  backoff: { minDelay: 5, maxDelay: 100 },
}

/** For what may take long on a busy machine. */
export const PATIENT: Partial<Limits> = { appendWithin: 20_000, readWithin: 20_000 }

export const configAt = (address: string, limits: Partial<Limits> = {}): EventStoreDbConfig => ({
  kind: 'eventstoredb',
  address,
  prefix: 'run-',
  limits: { ...SHORT, ...limits },
})

export const openAt = async (
  address: string,
  limits: Partial<Limits> = {},
  access: Access = 'write',
): Promise<EventStore> => {
  const store = rightOf(await openEventStore(configAt(address, limits), access)())
  onTestFinished(() => store.close())
  return store
}

/** Asks again until it is so; the test's own time limit ends it else. */
export const eventually = async <A>(ask: () => Promise<A>, isSo: (answer: A) => boolean): Promise<A> => {
  for (;;) {
    const answer = await ask()
    if (isSo(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
