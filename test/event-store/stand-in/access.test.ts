import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NO_STREAM, streamNameFilter } from '@eventstore/db-client'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../../support/eventstoredb/certificates.ts'
import { event, failure, revisionsOf, watch } from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openStandIn } from '../../support/stand-ins.ts'
import { testDirectory } from '../../support/stores.ts'

let certificates: Certificates

beforeAll(async () => {
  certificates = await makeCertificates()
})

const openSecure = async () => {
  const authority = join(testDirectory(), 'ca.pem')
  writeFileSync(authority, certificates.authority)
  const users = [
    { name: 'admin', password: 'changeit', groups: ['$admins'] },
    { name: 'ledger', password: 'secret' },
    { name: 'guest', password: 'welcome' },
  ]
  const standIn = await openStandIn({ certificates, users })
  const as = (user: string) =>
    openClient(`${standIn.address.replace('esdb://', `esdb://${user}`)}&tlsCAFile=${authority}`)
  return { as, address: standIn.address }
}

describe('a secure node', () => {
  test('answers over TLS to who trusts its certificate', async () => {
    const { as, address } = await openSecure()
    await as('ledger:secret@').appendToStream('run-1', event(), { expectedRevision: NO_STREAM })
    expect(await failure(openClient(address).appendToStream('run-1', event()))).toMatchObject({ code: 14 })
  })

  test('turns away a wrong password, and whoever has none', async () => {
    const { as } = await openSecure()
    for (const user of ['ledger:wrong@', '']) {
      expect(await failure(as(user).appendToStream('run-1', event()))).toMatchObject({ type: 'access-denied' })
      expect(await failure(revisionsOf(as(user), 'run-1'))).toMatchObject({ type: 'access-denied' })
    }
  })

  test('lets only administrators read $all, unless its ACL names others', async () => {
    const { as } = await openSecure()
    const ledger = as('ledger:secret@')
    await ledger.appendToStream('run-1', event())
    const filter = streamNameFilter({ prefixes: ['run-'] })
    const errors: unknown[] = []
    ledger.subscribeToAll({ filter }).on('error', (error) => errors.push(error))
    await expect.poll(() => errors).toMatchObject([{ type: 'access-denied' }])
    await as('admin:changeit@').setStreamMetadata('$all', { acl: { readRoles: ['ledger'] } })
    await watch(ledger.subscribeToAll({ filter })).until('caught up')
  })

  test('lets a stream’s ACL decide who writes, reads and deletes it', async () => {
    const { as } = await openSecure()
    const [admin, ledger, guest] = [as('admin:changeit@'), as('ledger:secret@'), as('guest:welcome@')]
    await ledger.appendToStream('run-1', event())
    const acl = { readRoles: ['$all'], writeRoles: ['ledger'], deleteRoles: ['$admins'] }
    await admin.setStreamMetadata('run-1', { acl })
    await ledger.appendToStream('run-1', event())
    expect(await failure(guest.appendToStream('run-1', event()))).toMatchObject({ type: 'access-denied' })
    const credentials = { username: 'guest', password: 'welcome' }
    expect(await failure(ledger.appendToStream('run-1', event(), { credentials }))).toMatchObject({
      type: 'access-denied',
    })
    expect(await failure(ledger.deleteStream('run-1'))).toMatchObject({ type: 'access-denied' })
    expect(await revisionsOf(guest, 'run-1')).toEqual([0, 1])
    await admin.deleteStream('run-1')
  })

  test('takes defaults for streams without an ACL from $settings', async () => {
    const { as } = await openSecure()
    const settings = { $userStreamAcl: { $r: '$all', $w: 'ledger', $d: '$admins', $mr: '$all', $mw: '$admins' } }
    await as('admin:changeit@').appendToStream('$settings', { ...event(), type: 'update', data: settings })
    await as('ledger:secret@').appendToStream('run-1', event())
    expect(await failure(as('guest:welcome@').appendToStream('run-1', event()))).toMatchObject({
      type: 'access-denied',
    })
  })
})
