import { expect, test } from 'vitest'
import { event, eventually, failure, revisionsOf } from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openCluster, openStandIn } from '../../support/stand-ins.ts'

test('a client finds the leader by gossip, and the next one after an election', async () => {
  const cluster = await openCluster(3)
  const client = openClient(cluster.address)
  await client.appendToStream('run-1', event(), { requiresLeader: true })
  const next = cluster.nodes[2] ?? expect.unreachable()
  cluster.elect(next)
  expect(await failure(client.appendToStream('run-1', event(), { requiresLeader: true }))).toMatchObject({
    type: 'not-leader',
    leader: { address: next.endpoint.host, port: next.endpoint.port },
  })
  await eventually(() => client.appendToStream('run-1', event(), { requiresLeader: true }))
  expect(await revisionsOf(client, 'run-1')).toEqual([0, 1])
})

test('a client goes to another node when its own is gone', async () => {
  const cluster = await openCluster(2)
  const client = openClient(cluster.address)
  await client.appendToStream('run-1', event())
  await cluster.nodes[0]?.stop()
  cluster.elect(cluster.nodes[1] ?? null)
  await eventually(() => client.appendToStream('run-1', event()))
  expect(await eventually(() => revisionsOf(client, 'run-1'))).toEqual([0, 1])
})

test('a follower forwards writes and reads itself, unless a leader is required', async () => {
  const cluster = await openCluster(2)
  const [leader, follower] = cluster.nodes
  const client = openClient(follower?.address ?? '')
  await client.appendToStream('run-1', event())
  expect(await revisionsOf(client, 'run-1')).toEqual([0])
  expect(await failure(revisionsOf(client, 'run-1', { requiresLeader: true }))).toMatchObject({
    type: 'not-leader',
    leader: { port: leader?.endpoint.port },
  })
})

test('without a leader nothing is taken, over either call', async () => {
  const cluster = await openCluster(1)
  const client = openClient(cluster.nodes[0]?.address ?? '')
  cluster.elect(null)
  expect(await failure(client.appendToStream('run-1', event()))).toMatchObject({ type: 'unknown' })
  const credentials = { username: 'any', password: 'body' }
  expect(await failure(client.appendToStream('run-1', event(), { credentials }))).toMatchObject({ type: 'unavailable' })
  expect(await failure(revisionsOf(client, 'run-1'))).toMatchObject({ type: 'unavailable' })
})

test('a read-only replica sends every writer to the leader, and the client goes there', async () => {
  const [replica, leader] = [await openStandIn(), await openStandIn()]
  replica.setRole({ _tag: 'ReadOnlyReplica', leader: leader.endpoint })
  const client = openClient(replica.address)
  expect(await failure(client.appendToStream('run-1', event()))).toMatchObject({ type: 'not-leader' })
  await eventually(() => client.appendToStream('run-1', event()))
  expect(leader.log().stream('run-1')?.records).toHaveLength(1)
  expect(replica.log().stream('run-1')).toBeUndefined()
})

test('a node reports its version where clients ask for it', async () => {
  const client = openClient((await openStandIn({ version: '22.10.5' })).address)
  expect((await client['capabilities']).serverVersion).toBe('22.10.5')
})
