/** Addresses of an EventStoreDB: what is taken, and what is refused before anything connects. */
import { expect, test } from 'vitest'
import { addressVia, checkAddress, nodesOf } from '../../../src/event-store/eventstoredb/address.ts'

test.each([
  'esdb://localhost:2113',
  'esdb://localhost?tls=false',
  'esdb://localhost:2113/?tls=false',
  'esdb+discover://cluster.example.org:2113?nodePreference=leader',
  'esdb://a:2113,b:2113,c:2113?tls=true&tlsCAFile=%2Fetc%2Fca.pem',
  'esdb://ledger:p%40ss@localhost:2113',
  'esdb://localhost:2113?connectionName=ledger&keepAliveInterval=20000',
])('%s is taken', (address) => expect(checkAddress(address)).toEqual({ _tag: 'Right', right: address }))

test.each([
  ['esdb://', 'must look like'],
  ['esdb:localhost', 'must look like'],
  ['esdb://ledger:secret@localhost:2113?tls=false', 'credentials are not sent'],
  ['esdb://ledger:secret@localhost:2113?TLS=false', 'credentials are not sent'],
  ['esdb://ledger@localhost', 'user:password@'],
  ['esdb://localhost?tls=no', 'true or false for tls'],
  ['esdb://localhost?tlsVerifyCert=false', 'tlsCAFile'],
  ['esdb://localhost?tsl=false', 'not known'],
  ['esdb://localhost?tls', 'no value for tls'],
  ['esdb://localhost?throwOnAppendFailure=false', 'not known'],
])('%s is refused: %s', (address, detail) => {
  const checked = checkAddress(address)
  expect(checked).toMatchObject({ left: { _tag: 'AddressFault', detail: expect.stringContaining(detail) } })
  expect(JSON.stringify(checked)).not.toContain('secret')
})

test.each([
  ['esdb://localhost:2113?tls=false', 'localhost:2113', 'esdb://localhost:2113?tls=false'],
  ['esdb://a', 'a:2113', 'esdb://a'],
  ['esdb+discover://u:p@a:1', 'a:1', 'esdb+discover://u:p@a:1?gossipTimeout=1&maxDiscoverAttempts=1'],
  ['esdb://u:p@a,b:9,c/?tls=true', 'b:9', 'esdb+discover://u:p@b:9?tls=true&gossipTimeout=1&maxDiscoverAttempts=1'],
  ['esdb://a,b?gossip-timeout=7', 'a:2113', 'esdb+discover://a:2113?gossip-timeout=7&maxDiscoverAttempts=1'],
  [
    'esdb://a,b?GossipTimeout=7&maxDiscoverAttempts=3',
    'b:2113',
    'esdb+discover://b:2113?GossipTimeout=7&maxDiscoverAttempts=3',
  ],
])('%s by way of %s is %s', (address, node, via) => {
  expect(nodesOf(address)).toContain(node)
  expect(addressVia(address, node)).toBe(via)
})

test('the nodes of a list are all of it, in its order, the client’s default port added', () => {
  expect(nodesOf('esdb://u:p@a:1,b,c.example.org:3/?tls=false')).toEqual(['a:1', 'b:2113', 'c.example.org:3'])
})
