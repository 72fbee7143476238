/** Addresses of an EventStoreDB: what is taken, and what is refused before anything connects. */
import { expect, test } from 'vitest'
import { checkAddress } from '../../../src/event-store/eventstoredb/address.ts'

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
