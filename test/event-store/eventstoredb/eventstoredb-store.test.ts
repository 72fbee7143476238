/** Opening an EventStoreDB: its version, who may, TLS, and a server that is away. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEventStore } from '../../../src/event-store/open.ts'
import { makeCertificates } from '../../support/eventstoredb/certificates.ts'
import { openStandIn } from '../../support/stand-ins.ts'
import { testDirectory } from '../../support/stores.ts'
import { leftOf, newEvents, rightOf, wholeStream } from '../place.ts'
import { configAt, openAt, PATIENT } from './opened.ts'

const open = (address: string) => openEventStore(configAt(address), 'write')()

test.each(['22.10.0', '22.10.5.0', '23.10.6', '24.2.0', '0.0.0.0'])(
  'a server of version %s is taken',
  async (version) => {
    await openAt((await openStandIn({ version })).address)
  },
)

test.each(['21.10.9', '22.6.0', '5.0.11', 'unknown'])('a server of version %s is refused', async (version) => {
  const { address } = await openStandIn({ version })
  expect(leftOf(await open(address))).toEqual({
    _tag: 'StoreRefused',
    detail: expect.stringContaining('EventStoreDB 22.10 or later is needed'),
  })
})

test('a server that is away is told so, within the time', async () => {
  const standIn = await openStandIn()
  await standIn.stop()
  expect(leftOf(await open(standIn.address))).toMatchObject({ _tag: 'StoreUnavailable', outcome: 'not_stored' })
})

test.each(['features', 'read'] as const)('one that keeps silent about %s, too', async (on) => {
  const standIn = await openStandIn()
  standIn.faults.add({ on, _tag: 'Hang', times: 100 })
  expect(leftOf(await open(standIn.address))).toMatchObject({ _tag: 'StoreUnavailable' })
})

test('one that comes up meanwhile is waited for', async () => {
  const standIn = await openStandIn()
  await standIn.stop()
  const opening = open(standIn.address)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await standIn.start()
  await rightOf(await opening).close()
})

test('over TLS a user is known by name and password', async () => {
  const certificates = await makeCertificates()
  const authority = join(testDirectory(), 'ca.pem')
  writeFileSync(authority, certificates.authority)
  const users = [
    { name: 'ledger', password: 'se:cret@1', groups: ['$admins'] },
    { name: 'guest', password: 'guest' },
  ]
  const { endpoint } = await openStandIn({ certificates, users })
  const at = (user: string) =>
    `esdb://${user}${endpoint.host}:${endpoint.port}?tls=true&tlsCAFile=${encodeURIComponent(authority)}`
  const store = await openAt(at('ledger:se%3Acret%401@'), PATIENT)
  rightOf(await store.append('a', 'no_stream', newEvents(1))())
  expect(await wholeStream(store, 'a')).toHaveLength(1)
  for (const user of ['ledger:wrong@', 'guest:guest@', '']) {
    const refused = leftOf(await open(at(user)))
    expect(refused).toEqual({ _tag: 'StoreRefused', detail: expect.stringContaining('denies access') })
    expect(JSON.stringify(refused)).not.toContain('wrong')
  }
})

test('a certificate that is not there is told without the password', async () => {
  const refused = leftOf(await open('esdb://me:hush@localhost:1?tls=true&tlsCAFile=nowhere.pem'))
  expect(refused).toEqual({ _tag: 'StoreRefused', detail: expect.stringContaining('certificate') })
  expect(JSON.stringify(refused)).not.toContain('hush')
})

test('it closes although the server is frozen', async () => {
  const standIn = await openStandIn()
  const store = await openAt(standIn.address)
  const pending = store.append('a', 'no_stream', newEvents(1))()
  standIn.freeze()
  await store.close()
  await pending
})
