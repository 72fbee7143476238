/** Reading your own writes: waiting until the read model has got to a position. */
import type { FastifyReply } from 'fastify'
import { type Problem, problem, problemOf } from '../../api/problems.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { ServerParts } from '../server-parts.ts'
import { readProblem } from './reads.ts'
import { refuse } from './replies.ts'

type Asked = Readonly<{ headers: Readonly<{ 'run-ledger-position'?: Position | undefined }> }>

/** What `tell` returns once the read model got to the position that `request` asks for; at once where it asks for none. */
export const onceReached = <Told>(
  parts: Waiting,
  request: Asked,
  reply: FastifyReply,
  tell: () => Told,
): Told | Promise<Awaited<Told> | string> => {
  const position = request.headers['run-ledger-position']
  if (position === undefined) return tell()
  return notReached(parts, position).then((late) => (late === null ? (tell() as Awaited<Told>) : refuse(reply, late)))
}

/**
 * Null once the read model got to `position`; the problem to send where that takes more than `limits.waitForPosition` ms, and
 * soon where no wait can help: the log itself does not go that far.
 */
export const notReached = async (
  { store, readModel, limits }: Waiting,
  position: Position | undefined,
): Promise<Problem | null> => {
  if (position === undefined) return null
  const soon = Math.min(SOON_MS, limits.waitForPosition)
  if (await readModel.waitFor(position, soon)) return null
  const head = await store.headPosition()()
  if (head._tag === 'Right' && position > head.right) return BEYOND_THE_LOG
  if (await readModel.waitFor(position, limits.waitForPosition - soon)) return null
  const at = await readModel.position()()
  return at._tag === 'Left'
    ? readProblem(at.left)
    : problem('position-not-reached', `the read model is at ${at.right}, not yet at ${position}`)
}

type Waiting = Pick<ServerParts, 'store' | 'readModel' | 'limits'>

// Most reads of one's own writes are answered before; another node may need as long to hear of what was just stored.
const SOON_MS = 250

const BEYOND_THE_LOG = problemOf({
  _tag: 'MalformedRequest',
  errors: [
    {
      header: 'Run-Ledger-Position',
      detail: 'is beyond the end of the log: a position holds within the store that gave it',
    },
  ],
})
