/** The processes that are measured: servers, and programs that run to their end. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Load, LoadJob } from '../programs/load.ts'

/** The program itself. */
export const MAIN = new URL('../../src/main.ts', import.meta.url)

/** Serves the ledger in `directory`. */
export const serveArgs = (directory: string): readonly string[] => ['serve', '--port', '0', '--data', directory]

export type Server = Readonly<{ url: string; pid: number }>

/**
 * Starts `script`, which prints its address in its first line, and stops it once `use` has ended. What it logs goes
 * nowhere, which is as cheap for one side as for the other.
 */
export const withServer = async <Result>(
  script: URL,
  args: readonly string[],
  use: (server: Server) => Promise<Result>,
): Promise<Result> => {
  const child = spawn(process.execPath, [...QUIET, fileURLToPath(script), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: ENVIRONMENT,
  })
  const ended = once(child, 'exit')
  try {
    const url = await addressOf(child)
    if (url === null) throw new Error(`a server did not start; see: node ${script.pathname} ${args.join(' ')}`)
    return await use({ url, pid: child.pid as number })
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

export type Ended = Readonly<{
  stdout: string
  /** From start to exit. */
  seconds: number
  /** The most memory that it ever had resident (VmHWM), in MiB; NaN where the system does not tell. */
  peakMiB: number
}>

/** Runs `script` to its end; throws where it fails. */
export const runToEnd = (script: URL, ...args: readonly string[]): Promise<Ended> => startProgram(script, args).ended

type Program = Readonly<{ ended: Promise<Ended>; terminate: () => void }>

const startProgram = (script: URL, args: readonly string[]): Program => {
  const started = performance.now()
  const child = spawn(process.execPath, [...QUIET, fileURLToPath(script), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ENVIRONMENT,
  })
  let peakMiB = Number.NaN
  const sampling = setInterval(() => {
    peakMiB = peakOf(child.pid as number) ?? peakMiB
  }, 20)
  const end = async (): Promise<Ended> => {
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    clearInterval(sampling)
    if (code === 0) return { stdout, seconds: (performance.now() - started) / 1000, peakMiB }
    throw new Error(
      `node ${script.pathname} ${args.join(' ').slice(0, 200)} ended with ${code}: ${stderr.slice(-2000)}`,
    )
  }
  return { ended: end(), terminate: () => child.kill('SIGTERM') }
}

/**
 * What a floor needed from start to exit, in seconds, without the time in which it read the rows that it was to insert:
 * it prints that.
 */
export const floorSeconds = async (...run: Parameters<typeof runToEnd>): Promise<number> => {
  const { seconds, stdout } = await runToEnd(...run)
  return seconds - (JSON.parse(stdout) as { preparing: number }).preparing
}

/** Runs the load generator in its own process. */
export const load = (job: LoadJob): Promise<Load> => startLoad(job).done

export type Loading = Readonly<{
  done: Promise<Load>
  /** Ends it before its time. */
  end: () => void
}>

export const startLoad = (job: LoadJob): Loading => {
  const { ended, terminate } = startProgram(GENERATOR, [JSON.stringify(job)])
  const done = ended.then(({ stdout }) => {
    const result = JSON.parse(stdout) as Load
    if (result.core > 0.95) throw new Error(`the load generator took ${result.core} of a core: it measured itself`)
    return result
  })
  return { done, end: terminate }
}

const GENERATOR = new URL('../programs/load.ts', import.meta.url)
const QUIET = ['--disable-warning=ExperimentalWarning']
const ENVIRONMENT = { ...process.env, NODE_ENV: 'production' }

const addressOf = (child: ChildProcessByStdio<null, Readable, null>): Promise<string | null> =>
  new Promise((resolve) => {
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const address = /(https?|esdb):\/\/\S+(?=\s)/.exec(printed)?.[0]
      if (address !== undefined) resolve(address.replace(/\/$/, ''))
    })
    child.stdout.on('end', () => resolve(null))
  })

/** The most memory that a process ever had resident, in MiB; null where the system does not tell. */
export const peakOf = (pid: number): number | null => {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return peak === undefined ? null : Number(peak) / 1024
  } catch {
    return null
  }
}
