/** Programs of the tests' own, run as processes of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export type Child = Readonly<{
  pid: number
  /** The next line of its standard output; fails where it ends without one. */
  line: () => Promise<string>
  /** All lines that are still to come. */
  lines: () => Promise<readonly string[]>
  /** SIGKILL, and its end. */
  kill: () => Promise<void>
}>

/**
 * Runs `script`, of this directory, with Node. It is killed when the test ends. `shell`: what a shell does before it
 * becomes the program, a `ulimit` say.
 */
export const startChild = (script: string, args: readonly string[], shell = ':'): Child => {
  const program = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn('sh', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  return {
    pid: child.pid ?? 0,
    line: async () => {
      const next = await output.next()
      if (next.done) throw new Error(`${script} ended`)
      return next.value
    },
    lines: async () => {
      const lines: string[] = []
      for (let next = await output.next(); !next.done; next = await output.next()) lines.push(next.value)
      return lines
    },
    kill,
  }
}
