/** The floor of catching up with EventStoreDB: the bare client's subscription. `node catch-up-floor.ts ADDRESS EVENTS` prints the events a second. */
import { EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client'

const main = (address: string, events: number): Promise<number> => {
  const client = EventStoreDBClient.connectionString(address)
  const began = performance.now()
  let seen = 0
  return new Promise((resolve, reject) => {
    client
      .subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: ['run-'] }) })
      .on('data', () => {
        seen += 1
        if (seen === events) resolve((events / (performance.now() - began)) * 1000)
      })
      .on('error', reject)
  })
}

const [address = '', events = ''] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await main(address, Number(events))))
process.exit()
