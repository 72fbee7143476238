/** The connection to a cluster of which no node is left. */
import { expect, test } from 'vitest'
import { START } from '../../../src/event-store/event-store.ts'
import { type Answers, connect } from '../../../src/event-store/eventstoredb/connection.ts'
import { readAllRequest } from '../../../src/event-store/eventstoredb/requests.ts'
import { openCluster } from '../../support/stand-ins.ts'

const endOf = <Answer>(call: Answers<Answer>): Promise<Error | null> =>
  new Promise((resolve) => {
    call.on('error', resolve)
    call.on('end', () => resolve(null))
    call.on('data', () => undefined)
  })

const readFirst = readAllRequest({ from: START, direction: 'forward', limit: 1, prefix: null })

// Vitest fails a run in which a rejection is handled by nobody; a server would end.
test('a call that breaks while no node is found leaves no rejection that nobody handles', async () => {
  const { nodes, address } = await openCluster(2)
  const connection = connect(`${address}&maxDiscoverAttempts=1&discoveryInterval=10&gossipTimeout=1`)
  const link = connection.link()
  const appending = endOf(await link.batchAppend())
  expect(await endOf(await link.read(readFirst))).toBeNull()
  for (const { faults } of nodes) faults.add({ on: 'gossip', _tag: 'Hang', times: 100 })
  nodes[0]?.faults.add({ on: 'read', _tag: 'Fail', failure: 'not_ready' })
  expect(await endOf(await link.read(readFirst))).not.toBeNull()

  const looking = link.read(readFirst)
  const found = looking.then(
    () => 'found',
    (error: Error) => error.message,
  )
  await nodes[0]?.stop()
  expect(await appending).not.toBeNull()
  expect(await found).toContain('Failed to discover')
  await connection.close()
})
