/** For a server that leaves the projecting to other processes. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Projector } from '../../read-model/projector/projector.ts'

/** Never fails to live, and does nothing. */
export const NO_PROJECTOR: Projector = {
  alive: () => true,
  rebuild: () => TE.left({ _tag: 'ProjectorStopped' }),
  retry: () => TE.left({ _tag: 'ProjectorStopped' }),
  replaceDamaged: () => TE.right(undefined),
  caughtUpTo: async () => false,
  announce: () => undefined,
  stop: async () => undefined,
}
