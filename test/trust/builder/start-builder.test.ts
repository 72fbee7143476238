import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import type { SigningOptions } from '../../../src/trust/builder/messages.ts'
import { startBuilder, type TreeBuilder } from '../../../src/trust/builder/start-builder.ts'
import { appendLogEvent } from '../../../src/trust/log/log-events.ts'
import { openTreeFile } from '../../../src/trust/sqlite/tree-file.ts'
import { rootAt } from '../../../src/trust/tree/proofs.ts'
import type { TreeStore } from '../../../src/trust/tree/tree-store.ts'
import { verifyCheckpoint } from '../../../src/trust/verify/proof.ts'
import { newEvents, rightOf } from '../../event-store/place.ts'
import { logPath, treePath } from '../../support/ledger-on-disk.ts'
import { openStore, testDirectory } from '../../support/stores.ts'
import { signingIn } from '../../support/trust/signing.ts'

const configAt = (directory: string) => ({ kind: 'embedded', path: logPath(directory), prefix: 'run-' }) as const

const built = async (directory: string, signing: SigningOptions | null = null): Promise<TreeBuilder> => {
  const options = { eventStore: configAt(directory), path: treePath(directory), signing }
  const builder = rightOf(await startBuilder(options, () => undefined)())
  onTestFinished(() => builder.stop())
  return builder
}

const treeAt = (directory: string): TreeStore => {
  const tree = rightOf(openTreeFile(treePath(directory), 'read'))
  onTestFinished(() => tree.close())
  return tree
}

const grow = async (store: EventStore, streams: number, each = 3, name = 'r'): Promise<string> => {
  let position = ''
  for (let n = 0; n < streams; n += 1) {
    const events = newEvents(each)
    position = rightOf(await store.append(`${name}${n}`, 'no_stream', events)()).position
  }
  return position
}

const WAIT = { timeout: 60_000, interval: 20 }

test('the tree has a leaf for each event, access events too, and the same root however often it was interrupted', async () => {
  const [directory, whole] = [testDirectory(), testDirectory()]
  const store = await openStore(directory)
  for (const name of ['a', 'b', 'c']) {
    const position = await grow(store, 120, 3, name)
    const builder = await built(directory)
    expect(await builder.grownTo(position)).toBe(true)
    await builder.stop()
  }
  await store.close()
  const context = { actor: 'alice', occurred_at: '2026-11-29T10:00:00.000Z' }
  for (const last_note of ['one', 'other', 'other'])
    rightOf(await appendLogEvent(configAt(directory), { type: 'LedgerMoved', data: { last_note } }, context)())
  cpSync(directory, whole, { recursive: true })
  rmSync(treePath(whole))
  for (const each of [directory, whole]) {
    const again = await built(each)
    await expect.poll(() => treeAt(each).size(), WAIT).toBe(3 * 360 + 2)
    await again.stop()
  }
  expect(rootAt(treeAt(whole), 1_082)).toEqual(rootAt(treeAt(directory), 1_082))
})

test('a growing log is signed again and again, and each checkpoint is filed once', async () => {
  const directory = testDirectory()
  const files = join(directory, 'checkpoints')
  const { signing, policy } = await signingIn(directory, { directory: files })
  const store = await openStore(directory)
  const builder = await built(directory, signing)
  for (const [n, name] of ['a', 'b', 'c'].entries()) {
    await grow(store, 10, 2, name)
    await expect.poll(() => builder.state().signed, WAIT).toBe(20 * (n + 1))
  }
  await expect.poll(() => readdirSync(files).at(-1), WAIT).toMatch(/^0{14}60-/)
  for (const file of readdirSync(files))
    expect(await verifyCheckpoint(readFileSync(join(files, file), 'utf8'), policy)).toMatchObject({
      right: { size: Number(file.slice(0, 16)) },
    })
})

test('a log restored from a backup is not signed, the last checkpoint is still there, and so it stays as it grows', async () => {
  const directory = testDirectory()
  const backup = join(testDirectory(), 'backup')
  mkdirSync(backup)
  const { signing } = await signingIn(directory)
  const store = await openStore(directory)
  await grow(store, 10, 2, 'a')
  await store.close()
  cpSync(logPath(directory), join(backup, 'events.db'))
  const more = await openStore(directory)
  await grow(more, 10, 2, 'b')
  const builder = await built(directory, signing)
  await expect.poll(() => builder.state().signed, WAIT).toBe(40)
  await builder.stop()
  await more.close()

  for (const suffix of ['', '-wal', '-shm']) rmSync(logPath(directory) + suffix, { force: true })
  cpSync(join(backup, 'events.db'), logPath(directory))
  const restored = await openStore(directory)
  const refused = await built(directory, signing)
  await expect.poll(() => refused.state().refused, WAIT).toContain('restored or cut')
  expect(treeAt(directory).newestCheckpoint()).toMatchObject({ size: 40 })
  expect(await refused.grownTo('0'.repeat(19).concat('9'))).toBe(true)
  expect(await refused.grownTo('9'.repeat(20))).toBe(false)
  await refused.stop()

  await grow(restored, 30, 2, 'c')
  const later = await built(directory, signing)
  await expect.poll(() => later.state().refused, WAIT).toContain('is not the one that the tree was built of')
  expect(later.state().signed).toBe(null)
  await later.stop()

  // Nor where the tree was made anew, or restored with the log: the state of the key is not in any backup.
  for (const suffix of ['', '-wal', '-shm']) rmSync(treePath(directory) + suffix, { force: true })
  const anew = await built(directory, signing)
  await expect.poll(() => anew.state().refused, WAIT).toContain('it was rewritten')
  expect(treeAt(directory).newestCheckpoint()).toBe(null)
})

test('one process builds a tree, and one signs with a key', async () => {
  const [one, other] = [testDirectory(), testDirectory()]
  const { signing } = await signingIn(one)
  await openStore(one)
  await openStore(other)
  await built(one, signing)
  const start = (directory: string, key: SigningOptions | null) =>
    startBuilder({ eventStore: configAt(directory), path: treePath(directory), signing: key }, () => undefined)()
  expect(await start(one, null)).toMatchObject({ left: { _tag: 'StoreInUse', path: treePath(one) } })
  expect(await start(other, signing)).toMatchObject({ left: { _tag: 'StoreInUse', path: signing.statePaths[0] } })
  const free = await start(other, null)
  expect(free).toMatchObject({ _tag: 'Right' })
  if (free._tag === 'Right') await free.right.stop()
})

test('a file that is no tree stops nothing but the signing', async () => {
  const directory = testDirectory()
  cpSync(new URL(import.meta.url).pathname, treePath(directory))
  await openStore(directory)
  const log = vi.fn()
  const options = { eventStore: configAt(directory), path: treePath(directory), signing: null }
  const builder = rightOf(await startBuilder(options, log)())
  onTestFinished(() => builder.stop())
  expect(builder.state().refused).toContain('not a database')
  expect(log).toHaveBeenCalledWith({ level: 'error', message: expect.stringContaining('no checkpoint is signed') })
})
