/** The log: JSON lines on standard error, made readable where that is a terminal. */
import { type Logger, pino } from 'pino'

/**
 * A logger to standard error. JSON lines are written in blocks, at the latest after a fifth of a second, so that a line
 * a request costs little; what waits is written when the process ends.
 */
export const createLogger = async (level = 'info'): Promise<Logger> => {
  const options = { level, base: null, timestamp: timestamps() }
  if (!process.stderr.isTTY) return pino(options, inBlocks())
  const { default: pretty } = await import('pino-pretty')
  return pino(options, pretty({ destination: STDERR, sync: true, singleLine: true, translateTime: 'HH:MM:ss.l' }))
}

const STDERR = 2
const BLOCK_CHARACTERS = 32 * 1024
const FLUSH_AFTER_MS = 200

// pino's own destination counts the bytes of every line, which costs more than all the rest of it.
const inBlocks = () => {
  // Synchronous, as pino's own is: a block that is on its way when the process ends would be lost or told twice.
  const destination = pino.destination({ dest: STDERR, sync: true })
  let lines: string[] = []
  let characters = 0
  let isTimed = false
  const flush = () => {
    if (lines.length === 0) return
    destination.write(lines.join(''))
    lines = []
    characters = 0
  }
  const onTime = () => {
    isTimed = false
    flush()
  }
  process.once('exit', flush)
  return {
    write: (line: string) => {
      if (!isTimed) setTimeout(onTime, FLUSH_AFTER_MS).unref()
      isTimed = true
      lines.push(line)
      characters += line.length
      if (characters >= BLOCK_CHARACTERS) flush()
    },
  }
}

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
