/** The connection to a cluster of which a node keeps silent, or no node is left. */
import { describe, expect, test } from 'vitest'
import { START } from '../../../src/event-store/event-store.ts'
import { type Answers, connect } from '../../../src/event-store/eventstoredb/connection.ts'
import { readAllRequest } from '../../../src/event-store/eventstoredb/requests.ts'
import { openCluster } from '../../support/stand-ins.ts'
import { newEvents, rightOf } from '../place.ts'
import { eventually, openAt } from './opened.ts'

const endOf = <Answer>(call: Answers<Answer>): Promise<Error | null> =>
  new Promise((resolve) => {
    call.on('error', resolve)
    call.on('end', () => resolve(null))
    call.on('data', () => undefined)
  })

const readFirst = readAllRequest({ from: START, direction: 'forward', limit: 1, prefixes: null })

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

describe('of a list of nodes, one that keeps silent', () => {
  const MANY = 1_000

  test('does not keep the store from opening', async () => {
    const { nodes, address } = await openCluster(3)
    nodes[1]?.freeze()
    // Less than the client's own gossip time limit; which node is asked first is left to chance.
    for (let times = 0; times < 8; times += 1) await (await openAt(address, { openWithin: 4_500 })).close()
    nodes[1]?.thaw()
  })

  test('is asked last from then on, also when the connection is lost', async () => {
    const { nodes, address, elect } = await openCluster(3)
    const [, leader, silent] = nodes
    elect(leader ?? null)
    silent?.faults.add({ on: 'gossip', _tag: 'Hang', times: MANY })
    const store = await openAt(address, { openWithin: 60_000 })
    for (let n = 0; n < 12; n += 1) {
      for (const node of nodes) node.cut()
      await eventually(
        () => store.append(`s${n}`, 'no_stream', newEvents(1))(),
        ({ _tag }) => _tag === 'Right',
      )
    }
    expect(MANY - (silent?.faults.pending() ?? 0)).toBeLessThanOrEqual(1)
  })

  test('is left for another leader when it is the one that leads', async () => {
    const { nodes, address, elect } = await openCluster(3)
    const store = await openAt(address, { openWithin: 60_000 })
    rightOf(await store.append('before', 'no_stream', newEvents(1))())
    nodes[0]?.freeze()
    elect(nodes[1] ?? null)
    await eventually(
      () => store.append('a', 'no_stream', newEvents(1))(),
      ({ _tag }) => _tag === 'Right',
    )
    nodes[0]?.thaw()
  })
})
