import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { left } from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { type AccessFollower, type FollowerLimits, followAccess } from '../../src/access/access-follower.ts'
import { type EventStore, unavailable } from '../../src/event-store/event-store.ts'
import { issueIn, revokeIn } from '../support/access/keys.ts'
import { openStore } from '../support/stores.ts'

const QUICK: FollowerLimits = { confirmEvery: 5, confirmWithin: 100 }

const follower = async (store: EventStore, limits?: FollowerLimits): Promise<AccessFollower> => {
  const following = await followAccess(store, limits)
  onTestFinished(following.close)
  return following
}

const until = async (is: () => boolean): Promise<void> => {
  while (!is()) await sleep(5)
}

const namesIn = (following: AccessFollower) => {
  const state = following.state()
  return E.isRight(state) ? [...state.right.keys.values()].map(({ name }) => name) : null
}

test('it holds what the stream held when it began, and what comes, and says so', async () => {
  const store = await openStore()
  await issueIn(store, ['admin'])
  const following = await follower(store)
  expect(namesIn(following)).toEqual(['admin'])
  let changes = 0
  const stop = following.onChange(() => {
    changes += 1
  })
  const key = await issueIn(store, ['writer'])
  await until(() => namesIn(following)?.includes('writer') === true)
  expect(changes).toBe(1)
  stop()
  await revokeIn(store, key.key_id)
  await until(() => {
    const state = following.state()
    return E.isRight(state) && state.right.keys.get(key.key_id)?.revoked_at !== null
  })
  expect(changes).toBe(1)
})

test('a stream that cannot be confirmed any more is not believed, and believed again once it can', async () => {
  const store = await openStore()
  await issueIn(store, ['admin'])
  let silent = false
  const access: EventStore['access'] = {
    ...store.access,
    read: (options) => async () => (silent ? left(unavailable('no answer')) : await store.access.read(options)()),
  }
  const following = await follower({ ...store, access }, QUICK)
  expect(namesIn(following)).toEqual(['admin'])
  silent = true
  await until(() => namesIn(following) === null)
  expect(following.state()).toMatchObject({ left: { why: 'silent' } })
  silent = false
  await until(() => namesIn(following) !== null)
  expect(namesIn(following)).toEqual(['admin'])
})

test.each([
  ['an event of an unknown type', { type: 'KeySuspended', data: '{}' }],
  ['a key without roles', { type: 'KeyIssued', data: '{"key_id":"0000000000000000"}' }],
  ['an event of a newer version', { type: 'KeyRevoked', data: '{}', metadata: '{"schema_version":2}' }],
])('%s makes the stream unreadable, so that nothing it may say is overlooked', async (_what, event) => {
  const store = await openStore()
  await issueIn(store, ['admin'])
  const following = await follower(store, QUICK)
  const stored = { event_id: randomUUID(), metadata: METADATA, ...event }
  expect(await store.access.append(0, [stored])()).toMatchObject({ _tag: 'Right' })
  await until(() => namesIn(following) === null)
  expect(following.state()).toMatchObject({ left: { why: 'unreadable' } })
})

test('what others keep in the stream says nothing of keys', async () => {
  const store = await openStore()
  const following = await follower(store)
  const stored = { event_id: randomUUID(), type: 'AccessLogSealed', data: '{}', metadata: '{}' }
  expect(await store.access.append('no_stream', [stored])()).toMatchObject({ _tag: 'Right' })
  await issueIn(store, ['admin'])
  await until(() => namesIn(following)?.length === 1)
})

const METADATA = JSON.stringify({
  schema_version: 1,
  actor: 'root',
  recorded_by: { principal: null, via: 'cli' },
  nonce: 'A'.repeat(22),
})
