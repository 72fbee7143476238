/** What is measured of the event store: its appends, and the commits of the embedded one. */
import { type Commit, commits } from '../event-store/commits.ts'
import type { EventStore } from '../event-store/event-store.ts'
import type { Metrics } from './metrics.ts'

export const measuredStore = (
  store: EventStore,
  { appendDuration, appendConflicts }: Pick<Metrics, 'appendDuration' | 'appendConflicts'>,
): EventStore => ({
  ...store,
  append: (stream, expected, events) => {
    const append = store.append(stream, expected, events)
    return async () => {
      const began = performance.now()
      const outcome = await append()
      appendDuration.observe((performance.now() - began) / 1000)
      if (outcome._tag === 'Left' && outcome.left._tag === 'WrongExpectedRevision') appendConflicts.inc()
      return outcome
    }
  },
})

/** Measures every commit of this process until the function that is returned is called. */
export const measureCommits = ({ commitBatchSize }: Pick<Metrics, 'commitBatchSize'>): (() => void) => {
  const observe = (commit: unknown) => commitBatchSize.observe((commit as Commit).appends)
  commits.subscribe(observe)
  return () => void commits.unsubscribe(observe)
}
