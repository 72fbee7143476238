/** The real program in a process of its own, as a user starts it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

export type Ended = Readonly<{ status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>

export type Program = Readonly<{
  pid: number
  kill: (signal: NodeJS.Signals) => void
  /** The address that a server prints as its first line; fails where it ends without one. */
  address: Promise<string>
  /** What the program has printed so far. */
  printed: () => Readonly<{ stdout: string; stderr: string }>
  /** What the program printed, and how it ended. */
  ended: Promise<Ended>
}>

/** Starts `run-ledger` with `args`; it is killed when the test ends, should it still run. */
export const startProgram = (...args: readonly string[]): Program => startProgramWith({ args })

export type Start = Readonly<{
  args: readonly string[]
  /** What it reads from standard input. */
  input?: string | Buffer
  /** Standard input stays open after `input`. */
  keepOpen?: boolean
  /** Of its standard output only the beginning is read, until it ends. */
  unread?: boolean
  env?: Readonly<Record<string, string>>
}>

/** `startProgram`, with something on standard input, or in the environment. */
export const startProgramWith = ({ args, input = '', keepOpen = false, unread = false, env }: Start): Program => {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  // It may end before it has read all.
  child.stdin.on('error', () => undefined)
  if (keepOpen) child.stdin.write(input)
  else child.stdin.end(input)
  // Read from the start: a program whose pipe is full stands still.
  const printed = { stdout: '', stderr: '' }
  const runs = () => child.exitCode === null && child.signalCode === null
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
      if (unread && name === 'stdout' && runs()) child.stdout.pause()
    })
  if (unread) child.once('exit', () => child.stdout.resume())
  const ended = once(child, 'close').then(([status, signal]): Ended => ({ status, signal, ...printed }))
  const address = addressOf(child, ended)
  address.catch(() => undefined)
  return { pid: child.pid ?? 0, kill: (signal) => child.kill(signal), address, printed: () => printed, ended }
}

const addressOf = async (child: ChildProcess, ended: Promise<Ended>): Promise<string> => {
  let head = ''
  const firstLine = new Promise<string>((resolve) => {
    child.stdout?.on('data', (text: string) => {
      head += text
      const line = /^(.*)\n/.exec(head)?.[1]
      if (line !== undefined) resolve(line)
    })
  })
  const line = await Promise.race([firstLine, ended.then(({ stderr }) => `ended: ${stderr}`)])
  const address = /https?:\/\/\S+/.exec(line)?.[0]
  if (address === undefined) throw new Error(`no address, but: ${line}`)
  return address
}

/** What each of `calls` prints and ends with, one after another in one process: for tests with many of them. */
export const callAll = async (calls: readonly (readonly string[])[]): Promise<readonly Omit<Ended, 'signal'>[]> => {
  const child = spawn(process.execPath, [MANY_CALLS], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  child.stdin.end(calls.map((call) => `${JSON.stringify(call)}\n`).join(''))
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  await once(child, 'close')
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const MANY_CALLS = fileURLToPath(new URL('./many-calls.ts', import.meta.url))
