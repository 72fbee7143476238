/** The lines of a request body, as they arrive, until its end, a limit, or a client that stops sending. */
import type { FastifyRequest } from 'fastify'
import { type Problem, problem } from '../../api/problems.ts'
import { type Line, lineSplitter } from '../../transfer/line-splitter.ts'
import { type BodyReading, bodyChunks } from './body-bytes.ts'
import { forgetLateBody, lateBody } from './client-errors.ts'
import { TOO_MUCH_UNDER_WAY } from './json-body.ts'
import type { HttpLimits } from './limits.ts'

/** `refused`: why reading stops before the end of the body. `ended`: the body has ended. */
export type Arrival = Readonly<{ lines: readonly Line[]; refused: Problem | null; ended: boolean }>

/**
 * Reads little more while the caller handles an arrival. Ends without an `ended` arrival where the client is gone. The bytes of
 * an incomplete line count towards the byte budget.
 */
export async function* lineArrivals(
  reading: BodyReading,
  request: FastifyRequest,
  limits: HttpLimits,
): AsyncGenerator<Arrival, void> {
  const source = request.raw
  const splitter = lineSplitter(limits.bodyBytes)
  const chunks = bodyChunks(reading, source)
  const late = lateBody(source.socket)
  let bytes = 0
  let held = 0
  try {
    while (true) {
      const next = await Promise.race([nextOf(chunks), late])
      if (next === 'gone') return
      if (next === 'late') return yield { lines: [], refused: LATE, ended: false }
      const lines = next === 'end' ? splitter.end() : splitter.push(next)
      if (lines.length > 0 || next === 'end') {
        reading.budget.release(request, held)
        held = 0
      } else if (reading.budget.take(request, next.length, 'incomplete')) held += next.length
      else return yield { lines: [], refused: TOO_MUCH_UNDER_WAY, ended: false }
      bytes += next === 'end' ? 0 : next.length
      const arrival = { ...within(limits, lines, bytes), ended: next === 'end' }
      yield arrival
      if (arrival.ended || arrival.refused !== null) return
    }
  } finally {
    forgetLateBody(source.socket)
    void chunks.return()
  }
}

/** The client did not send the rest in time. */
export const LATE = problem('request-timeout', 'the rest of the lines did not arrive in time')

export const tooManyBytes = ({ batchBytes }: HttpLimits): Problem =>
  problem('body-too-large', `a request has at most ${batchBytes} bytes: send the rest in another`)

const within = (limits: HttpLimits, lines: readonly Line[], bytes: number): Pick<Arrival, 'lines' | 'refused'> => {
  if ((lines.at(-1)?.number ?? 0) > limits.batchLines) {
    const refused = problem(
      'body-too-large',
      `a request has at most ${limits.batchLines} lines: send the rest in another`,
    )
    return { lines: lines.filter(({ number }) => number <= limits.batchLines), refused }
  }
  return { lines, refused: bytes > limits.batchBytes ? tooManyBytes(limits) : null }
}

const nextOf = async (chunks: AsyncIterator<Buffer>): Promise<Buffer | 'end' | 'gone'> => {
  try {
    const { value, done } = await chunks.next()
    return done === true ? 'end' : value
  } catch {
    // The connection broke.
    return 'gone'
  }
}
