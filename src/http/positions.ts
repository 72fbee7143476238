/** Reading your own writes: waiting until the read model has got to a position. */
import { type Problem, problem } from '../api/problems.ts'
import type { Position } from '../event-store/event-store.ts'
import type { ReadModel } from '../read-model/read-model.ts'

/** Null once the read model got to `position`; the problem to answer where that takes more than `timeout` ms. */
export const notReached = async (
  readModel: ReadModel,
  position: Position | undefined,
  timeout: number,
): Promise<Problem | null> => {
  if (position === undefined || position <= readModel.position()) return null
  if (await readModel.waitFor(position, timeout)) return null
  return problem('position-not-reached', `the read model is at ${readModel.position()}, not yet at ${position}`)
}
