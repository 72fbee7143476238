/** The log: JSON lines on standard error, made readable where that is a terminal. */
import { type Logger, pino } from 'pino'

/**
 * A logger to standard error. JSON lines are written in blocks, at the latest after a second, so that a line a request
 * costs little; what waits is written when the process ends.
 */
export const createLogger = async (level = 'info'): Promise<Logger> => {
  const options = { level, base: null, timestamp: timestamps() }
  if (!process.stderr.isTTY)
    return pino(options, pino.destination({ dest: STDERR, sync: false, ...BLOCKS, periodicFlush: 1000 }))
  const { default: pretty } = await import('pino-pretty')
  return pino(options, pretty({ destination: STDERR, sync: true, singleLine: true, translateTime: 'HH:MM:ss.l' }))
}

const STDERR = 2

/** In bytes: what a write waits for, and what it takes at most. */
const BLOCKS = { minLength: 32 * 1024, maxWrite: 64 * 1024 }

/** As pino's own, but a busy server asks many times within one millisecond. */
const timestamps = (): (() => string) => {
  let at = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now === at) return text
    at = now
    text = `,"time":"${new Date(now).toISOString()}"`
    return text
  }
}
