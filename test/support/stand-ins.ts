/** Stand-ins for EventStoreDB and clients of theirs, that go when the test ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { EventStoreDBClient } from '@eventstore/db-client'
import { onTestFinished } from 'vitest'
import { type Cluster, startCluster } from './eventstoredb/cluster.ts'
import type { Order } from './eventstoredb/control.ts'
import { type StandIn, type StandInOptions, startStandIn } from './eventstoredb/stand-in.ts'

/** A stand-in in this process. */
export const openStandIn = async (options: StandInOptions = {}): Promise<StandIn> => {
  const standIn = await startStandIn(options)
  onTestFinished(standIn.stop)
  return standIn
}

export const openCluster = async (size: number): Promise<Cluster> => {
  const cluster = await startCluster(size)
  onTestFinished(cluster.stop)
  return cluster
}

/** The real client, unchanged. */
export const openClient = (address: string): EventStoreDBClient => {
  const client = EventStoreDBClient.connectionString(address)
  // Not awaited: a read left early keeps it waiting, and the server goes anyway.
  onTestFinished(() => void client.dispose())
  return client
}

export type StandInProcess = Readonly<{
  address: string
  pid: () => number
  /** Gives an order and waits until it is obeyed. */
  order: (order: Order) => Promise<void>
  /** SIGSTOP and SIGCONT. */
  freeze: () => void
  thaw: () => void
  /** SIGKILL, and its end. */
  kill: () => Promise<void>
  /** Starts it again at the same port, with its data. */
  start: () => Promise<void>
}>

/** A stand-in in a process of its own, started with the `args` of `npm run stand-in` beside the port. */
export const openStandInProcess = async (...args: readonly string[]): Promise<StandInProcess> => {
  let running = await run('0', args)
  const port = new URL(running.address.replace('esdb:', 'http:')).port
  onTestFinished(() => running.kill())
  return {
    address: running.address,
    pid: () => running.pid,
    order: (order) => running.order(order),
    freeze: () => process.kill(running.pid, 'SIGSTOP'),
    thaw: () => process.kill(running.pid, 'SIGCONT'),
    kill: () => running.kill(),
    start: async () => {
      running = await run(port, args)
    },
  }
}

const PROGRAM = fileURLToPath(new URL('eventstoredb/stand-in-program.ts', import.meta.url))

const run = async (port: string, args: readonly string[]) => {
  const child = spawn(process.execPath, [PROGRAM, '--port', port, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => {
    const next = await lines.next()
    if (next.done) throw new Error('the stand-in ended')
    return next.value
  }
  return {
    address: await line(),
    pid: child.pid ?? 0,
    order: async (order: Order) => {
      child.stdin.write(`${JSON.stringify(order)}\n`)
      const answer = await line()
      if (answer !== 'ok') throw new Error(answer)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
