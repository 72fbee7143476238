/** The log: JSON lines on standard error, made readable where that is a terminal. */
import { type Logger, pino, stdTimeFunctions } from 'pino'

/**
 * A logger to standard error. JSON lines are written in blocks, at the latest after a second, so that a line a request
 * costs little; what waits is written when the process ends.
 */
export const createLogger = async (level = 'info'): Promise<Logger> => {
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime }
  if (!process.stderr.isTTY)
    return pino(options, pino.destination({ dest: STDERR, sync: false, minLength: 4096, periodicFlush: 1000 }))
  const { default: pretty } = await import('pino-pretty')
  return pino(options, pretty({ destination: STDERR, sync: true, singleLine: true, translateTime: 'HH:MM:ss.l' }))
}

const STDERR = 2
