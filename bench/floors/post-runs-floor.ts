/**
 * The floor of `POST /runs`: fastify, zod, and a group commit of the same bytes: one transaction each turn of the event loop,
 * answered after COMMIT. `node post-runs-floor.ts DIRECTORY` serves it and prints its address.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'
import { fastify } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { random16 } from '../../src/lib/random.ts'
import { CreateBody } from '../../src/run/commands.ts'
import { insertInto, openLog } from './ledger-rows.ts'

type Row = Readonly<{ run_id: string; event_id: string; data: string; metadata: string; answer: () => void }>

const groupCommit = (path: string) => {
  const log = openLog(path, 'write')
  const begin = log.prepare('BEGIN IMMEDIATE')
  const commit = log.prepare('COMMIT')
  const insert = insertInto(log, 'events', 8)
  let waiting: Row[] = []
  let position = 0

  const flush = () => {
    const group = waiting
    waiting = []
    const recordedAt = new Date().toISOString()
    begin.run()
    for (const { run_id, event_id, data, metadata } of group) {
      position += 1
      const row: SQLInputValue[] = [position, `run-${run_id}`, 0, event_id, 'RunCreated', recordedAt, data, metadata]
      insert.run(...row)
    }
    commit.run()
    for (const { answer } of group) answer()
  }

  return {
    append: (row: Row) => {
      waiting.push(row)
      if (waiting.length === 1) setImmediate(flush)
    },
    close: () => log.close(),
  }
}

/** Of UUIDv7's form, so that ids sort by time; the ledger makes its own with more care. */
const sortedId = (): string => {
  const ms = Date.now().toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${randomUUID().slice(15)}`
}

/** The texts that the ledger would store and answer. Their ids have the ledger's form, but are not derived of anything. */
const textsOf = (body: z.output<typeof CreateBody>, run_id: string) => {
  const at = new Date().toISOString()
  const command_id = randomUUID()
  const policy = JSON.stringify(body.policy_version_id)
  const group = JSON.stringify(body.run_group_id ?? null)
  const input = JSON.stringify(body.input_data ?? {})
  const given = JSON.stringify(body.run_metadata ?? {})
  const start = `{"run_id":"${run_id}","run_group_id":${group},"policy_version_id":${policy},`
  return {
    data: `${start}"input_data":${input},"run_metadata":${given},"occurred_at":"${at}"}`,
    metadata: `{"schema_version":1,"command_id":"${command_id}","actor":"anonymous","recorded_by":{"principal":null,"via":"http"},"occurred_at_from":"clock","$correlationId":"${command_id}","$causationId":"${command_id}","nonce":"${random16().toString('base64url')}"}`,
    run: `${start}"status":"PENDING","result":null,"input_data":${input},"run_metadata":${given},"created_at":"${at}","started_at":null,"last_updated_at":"${at}"}`,
  }
}

const main = async (directory: string): Promise<void> => {
  const log = groupCommit(join(directory, 'events.db'))
  const app = fastify()
  app.setValidatorCompiler(validatorCompiler)
  app.post<{ Body: z.output<typeof CreateBody> }>('/runs', { schema: { body: CreateBody } }, (request, reply) => {
    const run_id = sortedId()
    const { data, metadata, run } = textsOf(request.body, run_id)
    log.append({
      run_id,
      event_id: randomUUID(),
      data,
      metadata,
      answer: () => reply.code(201).header('content-type', 'application/json').send(run),
    })
  })
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
  process.once('SIGTERM', async () => {
    await app.close()
    log.close()
    process.exit(0)
  })
}

await main(process.argv[2] ?? '')
