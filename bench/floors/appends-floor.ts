/**
 * The floor of commands over EventStoreDB: the bare client, one append an event at the revision that is expected, of the same
 * data and metadata. `node appends-floor.ts <job as JSON>` prints its rates.
 */
import { randomUUID } from 'node:crypto'
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client'
import { random16 } from '../../src/lib/random.ts'
import { type AppendsJob, type Rates, ratesOf, STREAMS } from '../support/in-flight.ts'

const main = async (job: AppendsJob): Promise<Rates> => {
  const client = EventStoreDBClient.connectionString(job.address)
  const revisions: bigint[] = []
  for (let stream = 0; stream < STREAMS; stream += 1) {
    const { nextExpectedRevision } = await client.appendToStream(nameOf(stream), eventOf(stream), {
      expectedRevision: NO_STREAM,
    })
    revisions.push(nextExpectedRevision)
  }
  const rates = await ratesOf(job, async (stream) => {
    const { nextExpectedRevision } = await client.appendToStream(nameOf(stream), eventOf(stream), {
      expectedRevision: revisions[stream] as bigint,
    })
    revisions[stream] = nextExpectedRevision
  })
  await client.dispose()
  return rates
}

const nameOf = (stream: number): string => `run-application-${stream}`

const eventOf = (stream: number) => {
  const command_id = randomUUID()
  return jsonEvent({
    id: randomUUID(),
    type: 'RunStatusChanged',
    data: { run_id: `application-${stream}`, status: 'IN_REVIEW', occurred_at: new Date().toISOString() },
    metadata: {
      schema_version: 1,
      command_id,
      actor: 'intake',
      recorded_by: { principal: null, via: 'http' },
      occurred_at_from: 'clock',
      $correlationId: command_id,
      $causationId: command_id,
      nonce: random16().toString('base64url'),
    },
  })
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as AppendsJob)))
process.exit()
