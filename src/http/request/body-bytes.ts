/** The bytes of a request's body, gathered into one buffer as they come. */
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { BodyReadScheduler } from './body-read-scheduler.ts'
import type { ByteBudget } from './byte-budget.ts'

/** What all bodies of one server share. */
export type BodyReading = Readonly<{ budget: ByteBudget; reads: BodyReadScheduler }>

export type Body = Buffer | 'too-large' | 'too-much-under-way' | 'broken-off'

/**
 * Reads the whole body of `request`, at most `limit` bytes, which are counted until the request is over. What comes after
 * a refusal is read and dropped: a client whose connection is cut while it still sends would lose the answer.
 */
export const readBody = (
  { budget, reads }: BodyReading,
  request: FastifyRequest,
  source: IncomingMessage,
  limit: number,
): Promise<Body> =>
  new Promise((resolve) => {
    const length = Number(source.headers['content-length'] ?? Number.NaN)
    const buffer = growingBuffer()
    const turn = reads.begin(source)
    let isRefused = false
    /** Gathers `part`; returns why it cannot be, null where it can. */
    const gather = (part: Buffer): Exclude<Body, Buffer> | null => {
      const sum = buffer.length() + part.length
      if (sum > limit) return 'too-large'
      // A body that came at once needs no copy.
      const isAtOnce = part.length === length
      const grown = isAtOnce ? part.length : buffer.growthFor(part.length, limit)
      if (grown > 0 && !budget.take(request, grown, sum === length ? 'whole' : 'incomplete'))
        return 'too-much-under-way'
      if (isAtOnce) buffer.set(part)
      else buffer.add(part, limit)
      return null
    }
    const refuse = (why: Exclude<Body, Buffer>): void => {
      isRefused = true
      buffer.clear()
      budget.over(request)
      resolve(why)
    }
    const onData = (part: Buffer): void => {
      turn.onPart()
      const why = isRefused ? null : gather(part)
      if (why !== null) refuse(why)
    }
    const onEnd = (): void => {
      turn.end()
      if (!isRefused) resolve(buffer.bytes())
    }
    const onError = (): void => {
      turn.end()
      refuse('broken-off')
    }
    source.on('data', onData).on('end', onEnd).on('error', onError)
  })

/**
 * The body of `source` as it comes: all that came in a turn of the event loop is one chunk. Little more is read while a
 * chunk is dealt with. Throws where the client is gone before the end.
 */
export async function* bodyChunks({ reads }: BodyReading, source: IncomingMessage): AsyncGenerator<Buffer, void> {
  const buffer = growingBuffer()
  const turn = reads.begin(source)
  let end: 'ended' | 'gone' | null = null
  let wake = (): void => undefined
  const onData = (part: Buffer): void => {
    turn.onPart()
    buffer.add(part, Number.POSITIVE_INFINITY)
    if (buffer.length() >= MOST_WAITING_BYTES) source.pause()
    wake()
  }
  const onEnd = (): void => {
    end = 'ended'
    wake()
  }
  const onClose = (): void => {
    end ??= 'gone'
    wake()
  }
  source.on('data', onData).on('end', onEnd).on('error', onClose).on('close', onClose)
  try {
    while (true) {
      if (buffer.length() > 0) {
        const chunk = buffer.bytes()
        buffer.clear()
        yield chunk
        source.resume()
      } else if (end === 'ended') return
      else if (end === 'gone') throw new Error('the client left')
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    turn.end()
    source.off('data', onData).off('end', onEnd).off('close', onClose)
  }
}

const MOST_WAITING_BYTES = 64 * 1024

/** Bytes in one buffer that doubles, so that a part costs no more than its bytes, however small it is. */
export type GrowingBuffer = Readonly<{
  length: () => number
  /** By how many bytes the buffer has to grow for `bytes` more; it never grows beyond `most`. */
  growthFor: (bytes: number, most: number) => number
  add: (part: Buffer, most: number) => void
  /** Takes `part` as it is. */
  set: (part: Buffer) => void
  bytes: () => Buffer
  clear: () => void
}>

export const growingBuffer = (): GrowingBuffer => {
  let buffer: Buffer = EMPTY
  let length = 0
  const growthFor = (bytes: number, most: number): number => {
    const needed = length + bytes
    if (needed <= buffer.length) return 0
    return Math.max(needed, Math.min(most, Math.max(2 * buffer.length, FIRST_BYTES))) - buffer.length
  }
  return {
    length: () => length,
    growthFor,
    add: (part, most) => {
      const growth = growthFor(part.length, most)
      if (growth > 0) {
        const grown = Buffer.allocUnsafeSlow(buffer.length + growth)
        buffer.copy(grown, 0, 0, length)
        buffer = grown
      }
      buffer.set(part, length)
      length += part.length
    },
    set: (part) => {
      buffer = part
      length = part.length
    },
    bytes: () => buffer.subarray(0, length),
    clear: () => {
      buffer = EMPTY
      length = 0
    },
  }
}

const EMPTY = Buffer.alloc(0)
const FIRST_BYTES = 4 * 1024
