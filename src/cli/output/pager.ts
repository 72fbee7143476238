/** `$PAGER`, through which reading subcommands print on a terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { redirectOutput } from './output.ts'

export type Pager = Readonly<{
  /** Waits until its user leaves it. */
  end: () => Promise<void>
}>

/** Null where standard output is no terminal, or `$PAGER` is empty or `cat`. What is printed from then on goes through it. */
export const startPager = (
  isTerminal: boolean = process.stdout.isTTY === true,
  env: NodeJS.ProcessEnv = process.env,
): Pager | null => {
  const pager = (env['PAGER'] ?? 'less').trim()
  if (!isTerminal || pager === '' || pager === 'cat' || process.platform === 'win32') return null
  // Where there is no such program, everything is printed all the same. less ends where one screen is enough, and shows colours.
  const child = spawn('sh', ['-c', `${pager} || cat`], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: 'FRX', ...env },
  })
  const closed = once(child, 'close')
  // Ctrl-C is the pager's.
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  redirectOutput(child.stdin)
  return {
    end: async () => {
      child.stdin.end()
      await closed
      redirectOutput(null)
      process.off('SIGINT', ignore)
    },
  }
}
