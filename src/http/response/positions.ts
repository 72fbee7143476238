/** Reading your own writes: waiting until the read model has got to a position. */
import type { FastifyReply } from 'fastify'
import { type Problem, problem } from '../../api/problems.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { ReadModel } from '../../read-model/read-model.ts'
import type { ServerParts } from '../server-parts.ts'
import { readProblem } from './reads.ts'
import { refuse } from './replies.ts'

type Asked = Readonly<{ headers: Readonly<{ 'run-ledger-position'?: Position | undefined }> }>

/** What `tell` returns once the read model got to the position that `request` asks for; at once where it asks for none. */
export const onceReached = <Told>(
  { readModel, limits }: ServerParts,
  request: Asked,
  reply: FastifyReply,
  tell: () => Told,
): Told | Promise<Awaited<Told> | string> => {
  const position = request.headers['run-ledger-position']
  if (position === undefined) return tell()
  return notReached(readModel, position, limits.waitForPosition).then((late) =>
    late === null ? (tell() as Awaited<Told>) : refuse(reply, late),
  )
}

/** Null once the read model got to `position`; the problem to send where that takes more than `timeout` ms. */
export const notReached = async (
  readModel: ReadModel,
  position: Position | undefined,
  timeout: number,
): Promise<Problem | null> => {
  if (position === undefined || (await readModel.waitFor(position, timeout))) return null
  const at = await readModel.position()()
  return at._tag === 'Left'
    ? readProblem(at.left)
    : problem('position-not-reached', `the read model is at ${at.right}, not yet at ${position}`)
}
