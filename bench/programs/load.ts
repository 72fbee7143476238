/**
 * The load generator, a process of its own: `node load.ts <job as JSON>` prints what it measured as JSON. SIGTERM ends it
 * before its time.
 */
import { createHistogram } from 'node:perf_hooks'
import { type Connection, openConnection, type Request, requestBytes } from '../support/connection.ts'

export type LoadJob = Readonly<{
  url: string
  connections: number
  /** Not measured, at the beginning. */
  warmUpSeconds: number
  seconds: number
  /** Sent in turn. */
  requests: readonly Request[]
  /** Requests a second over all connections; without it each connection sends as soon as it got its response. */
  rate?: number
}>

export type Load = Readonly<{
  /** Requests answered a second. */
  perSecond: number
  /** In ms. At a rate, from the moment when a request was due, so that a stall counts for all that waited for it. */
  p50: number
  p99: number
  max: number
  /** What the generator itself took of one core, 0 to 1: near 1 it would measure itself. */
  core: number
}>

export const runLoad = async (job: LoadJob): Promise<Load> => {
  const url = new URL(job.url)
  const requests = job.requests.map((request) => requestBytes(url, request))
  const latencies = createHistogram({ figures: 3 })
  const begin = performance.now() + job.warmUpSeconds * 1000
  let end = begin + job.seconds * 1000
  process.once('SIGTERM', () => {
    end = Math.min(end, performance.now())
  })
  let sent = 0
  let answered = 0

  const send = (connection: Connection, due: number, next: () => void): void => {
    connection.send(requests[sent++ % requests.length] as Buffer, ({ status, body }) => {
      if (status >= 300) return fail(new Error(`${status}: ${body.toString('utf8', 0, 400)}`))
      const now = performance.now()
      if (now >= begin && now < end) {
        answered += 1
        latencies.record(Math.max(1, Math.round((now - due) * 1000)))
      }
      next()
    })
  }
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(url, fail)))
  setTimeout(() => {
    cpu = process.cpuUsage()
  }, job.warmUpSeconds * 1000)
  let cpu = process.cpuUsage()
  const hasEnded = () => performance.now() >= end
  if (job.rate === undefined) await freely(connections, hasEnded, send)
  else await paced(connections, job.rate, hasEnded, send)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (end - begin) / 1000
  for (const connection of connections) connection.close()
  return {
    perSecond: answered / seconds,
    p50: latencies.percentile(50) / 1000,
    p99: latencies.percentile(99) / 1000,
    max: latencies.max / 1000,
    core: (user + system) / 1e6 / seconds,
  }
}

type Send = (connection: Connection, due: number, next: () => void) => void

const freely = (connections: readonly Connection[], hasEnded: () => boolean, send: Send): Promise<unknown> =>
  Promise.all(
    connections.map(
      (connection) =>
        new Promise<void>((resolve) => {
          const next = () => {
            if (hasEnded()) return resolve()
            send(connection, performance.now(), next)
          }
          next()
        }),
    ),
  )

/** Sends what is due each ms. Where every connection is busy, what is due waits, and its time runs. */
const paced = (
  connections: readonly Connection[],
  rate: number,
  hasEnded: () => boolean,
  send: Send,
): Promise<void> => {
  // In turn: a server ends a connection on which nothing comes for long.
  const idle = [...connections]
  const start = performance.now()
  let due = 0
  const dueAt = () => start + (due / rate) * 1000
  return new Promise((resolve) => {
    const sendDue = () => {
      const now = performance.now()
      while (dueAt() <= now && !hasEnded()) {
        const connection = idle.shift()
        if (connection === undefined) return
        send(connection, dueAt(), () => {
          idle.push(connection)
          sendDue()
        })
        due += 1
      }
    }
    const timer = setInterval(() => {
      sendDue()
      if (!hasEnded() || idle.length < connections.length) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
}

const fail = (error: Error): never => {
  process.stderr.write(`the load ended early: ${error.message}\n`)
  process.exit(1)
}

if (import.meta.main) process.stdout.write(JSON.stringify(await runLoad(JSON.parse(process.argv[2] ?? '') as LoadJob)))
