/** The log: JSON lines on standard error, made readable where that is a terminal. */
import { isatty } from 'node:tty'
import { type Logger, pino } from 'pino'
import { logOutput } from './log-output.ts'

/**
 * A logger to standard error that never waits for it: JSON lines are written in blocks, at the latest after a fifth of a
 * second, and what waits when the process ends is written then. Lines that nothing takes are dropped and counted.
 */
export const createLogger = async (level = 'info'): Promise<Logger> => {
  const timestamp = timestamps()
  const notice = (dropped: number) =>
    `{"level":${pino.levels.values['warn']}${timestamp()},"dropped":${dropped},"msg":"log lines were dropped"}\n`
  const shown = isatty(STDERR) ? await readable() : null
  const output = logOutput(STDERR, (dropped) => (shown === null ? notice(dropped) : shown(notice(dropped))))
  process.once('exit', output.end)
  const write = shown === null ? output.write : (line: string) => output.write(shown(line))
  return pino({ level, base: null, timestamp }, { write })
}

const STDERR = 2

const readable = async (): Promise<(line: string) => string> => {
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({ singleLine: true, translateTime: 'HH:MM:ss.l', colorize: true })
}

/** Like pino's own, but made once a millisecond: a busy server asks many times within one. */
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
