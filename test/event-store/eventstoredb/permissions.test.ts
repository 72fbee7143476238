/** The rules that docs/eventstoredb.md sets on a server let the ledger's user do what it needs. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { openEventStore } from '../../../src/event-store/open.ts'
import { makeCertificates } from '../../support/eventstoredb/certificates.ts'
import { openStandIn } from '../../support/stand-ins.ts'
import { leftOf, newEvents, rightOf, wholeStream } from '../place.ts'
import { configAt, openAt, PATIENT } from './opened.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const snippet = (): string => {
  const [, code] = /```js\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/eventstoredb.md'), 'utf8')) ?? []
  if (code === undefined) throw new Error('the page has no snippet')
  return code
}

test('the snippet of the page lets the ledger in, to append and read, and no other user', async () => {
  // Where its import finds the client.
  const directory = mkdtempSync(join(ROOT, 'node_modules/.rules-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const certificates = await makeCertificates()
  writeFileSync(join(directory, 'ca.pem'), certificates.authority)
  writeFileSync(join(directory, 'rules.mjs'), snippet())
  const users = [
    { name: 'admin', password: 'changeit', groups: ['$admins'] },
    { name: 'ledger', password: 'secret' },
    { name: 'guest', password: 'guest' },
  ]
  const { endpoint } = await openStandIn({ certificates, users })
  const addressOf = (user: string) =>
    `esdb://${user}@localhost:${endpoint.port}?tlsCAFile=${encodeURIComponent(join(directory, 'ca.pem'))}`
  const openAs = (user: string) => openEventStore(configAt(addressOf(user), PATIENT), 'write')()
  expect(leftOf(await openAs('ledger:secret'))).toMatchObject({ _tag: 'StoreRefused' })

  await promisify(execFile)(process.execPath, [join(directory, 'rules.mjs'), addressOf('admin:changeit')])
  const store = await openAt(addressOf('ledger:secret'), PATIENT)
  rightOf(await store.append('a', 'no_stream', newEvents(1))())
  rightOf(await store.append('a', 0, newEvents(1))())
  expect(await wholeStream(store, 'a')).toHaveLength(2)
  expect(leftOf(await openAs('guest:guest'))).toMatchObject({ _tag: 'StoreRefused' })
})
