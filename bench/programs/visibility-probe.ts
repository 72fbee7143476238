/**
 * How long after its answer a command is visible in the read model, from a process of its own:
 * `node visibility-probe.ts <job as JSON>` prints what it measured as JSON.
 */
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection, type Request, type Response, requestBytes } from '../support/connection.ts'

export type ProbeJob = Readonly<{ url: string; seconds: number; create: Request }>

/** In ms; `probes`: how many commands it measured. */
export type Visibility = Readonly<{ p50: number; p99: number; max: number; probes: number }>

const PROBERS = 4
/** Between two looks, and between two commands of one prober. */
const PAUSE_MS = 1

const main = async ({ url, seconds, create }: ProbeJob): Promise<Visibility> => {
  const server = new URL(url)
  const delays = createHistogram({ figures: 3 })
  const end = performance.now() + seconds * 1000
  const probe = async (): Promise<void> => {
    const connection = await openConnection(server, fail)
    while (performance.now() < end) {
      const { status, body } = await ask(connection, requestBytes(server, create))
      const answered = performance.now()
      if (status !== 201) fail(new Error(`${status}: ${body}`))
      const { run_id } = JSON.parse(body.toString()) as { run_id: string }
      const read = requestBytes(server, { method: 'GET', path: `/runs/${run_id}` })
      while ((await ask(connection, read)).status !== 200) await sleep(PAUSE_MS)
      delays.record(Math.max(1, Math.round((performance.now() - answered) * 1000)))
      await sleep(PAUSE_MS)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: PROBERS }, probe))
  return {
    p50: delays.percentile(50) / 1000,
    p99: delays.percentile(99) / 1000,
    max: delays.max / 1000,
    probes: delays.count,
  }
}

const ask = (connection: Connection, request: Buffer): Promise<Response> =>
  new Promise((resolve) => connection.send(request, resolve))

const fail = (error: Error): never => {
  process.stderr.write(`the probe ended early: ${error.message}\n`)
  process.exit(1)
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as ProbeJob)))
